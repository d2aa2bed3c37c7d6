"""Batches: what came into the store together, and how it is taken back."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from zoograph.data.errors import StoreError, UnknownName
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import NEAREST
from zoograph.data.records.records import Record
from zoograph.data.store import schema
from zoograph.data.store.rows import (
    RECORDS,
    forget_meta,
    insert_into,
    put_datasets,
    put_models,
    put_records,
    read_cards,
    remove_cards,
    renew_revision,
    set_meta,
)
from zoograph.data.store.selection import LEAVING

SHIPPED_BATCH = "shipped"


@dataclass(frozen=True)
class Batch:
    """What came into the store together.

    Attributes:
        id: what ``undo`` is given.
        created_at: when, in UTC; None for a batch of an older zoograph, which kept no time.
        origin: where it came from, in words.
        records: runs, scores, relations and influences that were new.
    """

    id: str
    created_at: datetime | None
    origin: str
    records: int


@dataclass(frozen=True)
class Undone:
    """What was taken back.

    Attributes:
        records: runs, scores, relations and influences.
        cards: models and datasets that came with the batch and that nothing else names.
    """

    records: int
    cards: int


def list_batches(connection: Connection) -> list[Batch]:
    """Return the batches, the newest by the clock first; those without a time come last."""
    table = schema.batches
    query = sa.select(table.c.id, table.c.created_at, table.c.origin, table.c.records)
    found = [Batch(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda batch: (batch.created_at is not None, batch.created_at, batch.id), reverse=True)


def undo_batch(connection: Connection, batch: str) -> Undone:
    """Remove the records of a batch, and the cards that came with it and that nothing else names.

    Raises:
        UnknownName: if there is no such batch.
        StoreError: if it is the zoo that ships.
    """
    if batch == SHIPPED_BATCH:
        raise StoreError("The zoo that ships cannot be taken back: it would return with the next command.")
    known = list(connection.execute(sa.select(schema.batches.c.id)).scalars())
    if batch not in known:
        nearest = difflib.get_close_matches(batch, known, n=NEAREST, cutoff=0.0)
        raise UnknownName("batch", batch, nearest, "See 'zoograph undo --list'.")
    undone = Undone(remove_batch(connection, batch), remove_idle_cards(connection, batch))
    renew_revision(connection)
    return undone


def new_batch() -> str:
    """Return the id of a new batch; ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def count_batch(connection: Connection, batch: str, origin: str, records: int) -> None:
    """Enter a batch, or add to the records of one that is there."""
    table = schema.batches
    row = insert_into(connection, table).values(id=batch, created_at=datetime.now(UTC), origin=origin, records=records)
    more = {"records": table.c.records + row.excluded.records}
    connection.execute(row.on_conflict_do_update(index_elements=[table.c.id], set_=more))


def remove_batch(connection: Connection, batch: str) -> int:
    """Remove the records of a batch, and the batch itself; return how many records they were."""
    set_meta(connection, **{LEAVING: batch})
    removed = sum(connection.execute(sa.delete(table).where(table.c.batch == batch)).rowcount for table in RECORDS)
    forget_meta(connection, LEAVING)
    connection.execute(sa.delete(schema.batches).where(schema.batches.c.id == batch))
    return removed


def remove_idle_cards(
    connection: Connection, batch: str, keep_models: Collection[str] = (), keep_datasets: Collection[str] = ()
) -> int:
    """Remove the cards that a batch brought and that no record or other card names; return how many they were.

    Args:
        connection: in a transaction that may write.
        batch: id.
        keep_models: ids that stay, named or not.
        keep_datasets: likewise.
    """
    idle_models = [name for name in _idle(connection, schema.models, batch) if name not in keep_models]
    remove_cards(connection, "model", idle_models)
    corpora = {name for card in read_cards(connection, schema.models, ModelCard).values() for name in card.trained_on}
    idle_datasets = [
        name for name in _idle(connection, schema.datasets, batch) if name not in corpora and name not in keep_datasets
    ]
    remove_cards(connection, "dataset", idle_datasets)
    return len(idle_models) + len(idle_datasets)


def _idle(connection: Connection, table: sa.Table, batch: str) -> list[str]:
    query = sa.select(table.c.id).where(table.c.batch == batch)
    for records in RECORDS:
        for column in records.columns:
            if column.references(table.c.id):
                query = query.where(table.c.id.not_in(sa.select(column)))
    return list(connection.execute(query).scalars())


def put_all(
    connection: Connection,
    models: Iterable[ModelCard],
    datasets: Iterable[DatasetCard],
    records: Sequence[Iterable[Record]],
    batch: str,
    origin: str,
) -> int:
    """Put cards, and the runs, scores, relations and influences that are not there, into a batch, new or not.

    Without a card or a new record nothing is changed, and there is no batch.

    Returns:
        The number of records that are new.

    Raises:
        ValueError: if a record names a model or dataset that has no card.
    """
    cards = list(models), list(datasets)
    put_models(connection, cards[0], batch)
    put_datasets(connection, cards[1], batch)
    new = sum(put_records(connection, table, rows, batch) for table, rows in zip(RECORDS, records, strict=True))
    if new or any(cards):
        count_batch(connection, batch, origin, new)
        renew_revision(connection)
    return new
