"""Staging: any number of records wait in a temporary table, so that the store is locked for a short while only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Record, Run, Score
from zoograph.data.store import schema
from zoograph.data.store.batches import count_batch
from zoograph.data.store.database import explained
from zoograph.data.store.rows import (
    BOOKKEEPING,
    insert_new,
    put_datasets,
    put_models,
    record_row,
    renew_revision,
    require_cards,
)
from zoograph.data.store.selection import visible
from zoograph.data.store.staging.slices import LARGE, arriving, bring, unhide

_CHUNK = 10_000
_CACHE_KIB = 262_144  # while a batch goes in, most of the indexes are to stay in memory

_WAITING = "zoograph_waiting"
_SORT = (
    f"CREATE TEMPORARY TABLE zoograph_sorted AS SELECT * FROM {_WAITING} ORDER BY id",
    f"DROP TABLE {_WAITING}",
    f"ALTER TABLE zoograph_sorted RENAME TO {_WAITING}",
)
_TABLES: dict[type[Record], sa.Table] = {Run: schema.runs, Score: schema.scores}


class Staging:
    """Records that wait outside the store; they are forgotten unless they are stored."""

    def __init__(self, connection: Connection, table: sa.Table, waiting: sa.Table, num_waiting: int) -> None:
        self._connection, self._table, self._waiting = connection, table, waiting
        self._num_waiting = num_waiting

    def count_new(self) -> int:
        """Return how many of the records the store does not have."""
        known = sa.exists().where(self._table.c.id == self._waiting.c.id, visible(self._table))
        query = sa.select(sa.func.count(sa.distinct(self._waiting.c.id))).where(~known)
        with explained("The records cannot be compared with the store"), self._connection.begin():
            return int(self._connection.execute(query).scalar_one())

    def store(self, models: Iterable[ModelCard], datasets: Iterable[DatasetCard], batch: str, origin: str) -> int:
        """Move the records into the store, with the cards that they need; they are read all at once or not at all.

        Args:
            models: left out where their id is known.
            datasets: likewise.
            batch: id of the batch, which may be there and grow then; nothing is entered if nothing is new.
            origin: where the batch came from, in words.

        Returns:
            The number of records that are new.

        Raises:
            StoreError: if the database refuses; nothing was changed then.
        """
        cards = list(models), list(datasets)
        marks = sa.literal(batch).label("batch"), sa.literal(datetime.now(UTC), schema.Moment).label("stored_at")
        rows = sa.select(*self._waiting.columns, *marks).where(sa.true())
        connection = self._connection
        with explained("The records were not stored, and nothing was changed"):
            sliced = connection.dialect.name == "sqlite" and self._num_waiting > LARGE and not self._is_known(batch)
            names = self._names() if sliced else {}
            connection.execution_options(zoograph_write=True)
            if not sliced:
                with connection.begin():
                    return self._finish(*cards, batch, origin, lambda: self._move(rows))
            with arriving(connection):
                bring(connection, self._table, rows, batch)
                with connection.begin():
                    new = self._finish(*cards, batch, origin, lambda: unhide(connection, self._table, batch))
                    require_cards(connection, self._table, names)
            return new

    def _is_known(self, batch: str) -> bool:
        """Return whether a batch is there already: what others may have read of it is not to be hidden."""
        with self._connection.begin():
            known = self._connection.execute(sa.select(schema.batches.c.id).where(schema.batches.c.id == batch))
            return known.first() is not None

    def _move(self, rows: sa.Select[tuple[Any, ...]]) -> int:
        move = insert_new(self._connection, self._table, rows)
        return self._connection.execute(move, execution_options={"preserve_rowcount": True}).rowcount

    def _names(self) -> dict[str, set[str]]:
        """Return the cards that the records name, by column."""
        columns = [column.name for column in self._table.columns if column.foreign_keys]
        with self._connection.begin():
            return {
                name: set(self._connection.execute(sa.select(self._waiting.c[name]).distinct()).scalars())
                for name in columns
            }

    def _finish(
        self,
        models: Sequence[ModelCard],
        datasets: Sequence[DatasetCard],
        batch: str,
        origin: str,
        move: Callable[[], int],
    ) -> int:
        put_models(self._connection, models, batch, replace=False)
        put_datasets(self._connection, datasets, batch, replace=False)
        new = move()
        if new or models or datasets:
            count_batch(self._connection, batch, origin, new)
            renew_revision(self._connection)
        return new


@contextmanager
def stage(engine: Engine, records: Iterable[Record], kind: type[Record] = Run) -> Iterator[Staging]:
    """Yield the staging of ``records``, all of one ``kind``, which are read once, piece by piece."""
    table = _TABLES[kind]
    columns = (sa.Column(column.name, column.type) for column in table.columns if column.name not in BOOKKEEPING)
    waiting = sa.Table(_WAITING, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    with engine.connect() as connection:
        with explained("The records cannot be set aside in a temporary table"):
            number = _fill(connection, waiting, records)
        yield Staging(connection, table, waiting, number)
        with connection.begin():
            connection.execute(sa.schema.DropTable(waiting))


def _fill(connection: Connection, waiting: sa.Table, records: Iterable[Record]) -> int:
    """Put the records into the table, in the order of their ids; return how many they were."""
    number = 0
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.rollback()  # the pragma began a transaction
    with connection.begin():
        # One that failed may have left its own behind, on a connection that is used again.
        connection.execute(sa.schema.DropTable(waiting, if_exists=True))
        connection.execute(sa.schema.CreateTable(waiting))
        rows = (record_row(record) for record in records)
        while chunk := list(islice(rows, _CHUNK)):
            connection.execute(sa.insert(waiting), chunk)
            number += len(chunk)
        # In the order of their ids, the rows fill the index from one end to the other. Sorted here, before the store is
        # locked, they hold it for two thirds of the time.
        for statement in _SORT:
            connection.exec_driver_sql(statement)
    return number
