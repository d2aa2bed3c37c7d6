"""The record store: SQLite by default, any database by URL, filled with the shipped zoo on first use."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from zoograph.data import schema
from zoograph.data.cards import Card, DatasetCard, ModelCard
from zoograph.data.errors import StoreError
from zoograph.data.home import DATABASE_VARIABLE, make_home, require_writable
from zoograph.data.names import NameIndex, index_names
from zoograph.data.records import Metric, Protocol, Record, Relation, Run, Score

if TYPE_CHECKING:
    from zoograph.data.snapshot import Zoo

AnyCard = TypeVar("AnyCard", bound=Card)

SHIPPED_BATCH = "shipped"
_BUSY_TIMEOUT_MS = 60_000
_CHUNK = 5_000


@dataclass(frozen=True)
class Measured:
    """What was measured of one pair: the mean over its runs, and how many there are."""

    value: float
    num_runs: int


class RecordStore:
    """Cards and records in a database. Every write is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> RecordStore:
        """Open the store, make its tables and load the shipped zoo if it is new.

        Args:
            url: a database URL; default ``$ZOOGRAPH_DATABASE_URL``, else a SQLite file in the home.

        Raises:
            StoreError: if it is no database, not ours, or cannot be written.
        """
        chosen = url or os.environ.get(DATABASE_VARIABLE)
        if chosen:
            store = cls(_make_engine(chosen))
        else:
            home = make_home()
            require_writable(home)
            store = cls(_make_engine(sa.URL.create("sqlite", database=str(home / "zoograph.db"))))
        try:
            store._load_shipped_zoo()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing ------------------------------------------------------------------------------

    def add(
        self,
        models: Iterable[ModelCard] = (),
        datasets: Iterable[DatasetCard] = (),
        runs: Iterable[Run] = (),
        scores: Iterable[Score] = (),
        relations: Iterable[Relation] = (),
        batch: str | None = None,
    ) -> int:
        """Add cards and records in one transaction; rows that are already there are left alone.

        A card of a known id replaces the old card. Records must name known models and datasets.

        Returns:
            The number of records that are new.

        Raises:
            StoreError: if a record names an unknown model or dataset, or the database refuses.
        """
        with _explained("The records were not stored, and nothing was changed"), self._begin(write=True) as c:
            return _insert(c, models, datasets, runs, scores, relations, batch or uuid.uuid4().hex)

    def _load_shipped_zoo(self) -> None:
        from zoograph.data.tables import shipped_zoo

        folder = shipped_zoo()
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.csv")))).hexdigest()
        with self._read() as connection:
            if _get_meta(connection).get("shipped_zoo") == digest:
                return
        with _explained(*self._unusable), self._begin(write=True) as connection:
            schema.metadata.create_all(connection)
            if _get_meta(connection).get("shipped_zoo") == digest:  # another process was faster
                return
            from zoograph.data.tables import read_tables

            zoo = read_tables(folder)
            for table in (schema.runs, schema.scores, schema.relations):
                connection.execute(sa.delete(table).where(table.c.batch == SHIPPED_BATCH))
            _insert(connection, zoo.models, zoo.datasets, zoo.runs, zoo.scores, zoo.relations, SHIPPED_BATCH)
            _set_meta(connection, schema_version=str(schema.SCHEMA_VERSION), shipped_zoo=digest)

    @contextmanager
    def _begin(self, *, write: bool = False) -> Iterator[Connection]:
        with self._engine.connect().execution_options(zoograph_write=write) as connection, connection.begin():
            yield connection

    @property
    def _unusable(self) -> tuple[str, str]:
        """What to say, and what to advise, when the database is not what it should be."""
        url = self._engine.url
        remedy = (
            f"Move that file aside to start from the shipped zoo, or point {DATABASE_VARIABLE} elsewhere."
            if url.get_backend_name() == "sqlite"
            else f"Check the server, or point {DATABASE_VARIABLE} elsewhere."
        )
        return f"The store '{url.render_as_string()}' cannot be used", remedy

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _explained(*self._unusable), self._begin() as connection:
            yield connection

    @property
    def revision(self) -> str:
        """A token that changes with every write."""
        with self._read() as connection:
            return _get_meta(connection).get("revision", "")

    def names(self) -> NameIndex:
        """Return everything that models and datasets can be called."""
        query = sa.select(schema.names.c.kind, schema.names.c.name, schema.names.c.target)
        with self._read() as connection:
            # Sorted here, because databases do not agree on the order of text.
            return index_names(sorted((kind, name, target) for kind, name, target in connection.execute(query)))

    def count_runs(self, protocol: Protocol, metric: Metric = Metric.TOP1) -> int:
        """Return the number of runs of one protocol and metric."""
        table = schema.runs
        query = sa.select(sa.func.count()).where(table.c.protocol == protocol, table.c.metric == metric)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def protocols(self, datasets: Sequence[str]) -> list[Protocol]:
        """Return the protocols that ``datasets`` were measured with, the most frequent first."""
        table = schema.runs
        query = (
            sa.select(table.c.protocol)
            .where(table.c.dataset.in_(datasets))
            .group_by(table.c.protocol)
            .order_by(sa.func.count().desc(), table.c.protocol)
        )
        with self._read() as connection:
            return [Protocol(value) for value in connection.execute(query).scalars()]

    def measured(
        self, model: str, datasets: Sequence[str], protocol: Protocol, metric: Metric = Metric.TOP1
    ) -> dict[str, Measured]:
        """Return what was measured of ``model``, by dataset; unmeasured datasets are left out."""
        table = schema.runs
        query = (
            sa.select(table.c.dataset, sa.func.avg(table.c.value), sa.func.count())
            .where(
                table.c.model == model,
                table.c.dataset.in_(datasets),
                table.c.protocol == protocol,
                table.c.metric == metric,
            )
            .group_by(table.c.dataset)
        )
        with self._read() as connection:
            return {name: Measured(float(value), int(n)) for name, value, n in connection.execute(query)}

    def score_digests(self, datasets: Sequence[str] | None = None) -> dict[str, str]:
        """Return a token for the scores of each of ``datasets`` (default: all) that has some; they change together."""
        table = schema.scores
        query = sa.select(table.c.dataset, table.c.id)
        if datasets is not None:
            query = query.where(table.c.dataset.in_(datasets))
        ids: dict[str, list[str]] = {}
        with self._read() as connection:
            for dataset, identity in connection.execute(query):
                ids.setdefault(dataset, []).append(identity)
        return {name: hashlib.sha256("".join(sorted(own)).encode()).hexdigest() for name, own in ids.items()}

    def snapshot(self) -> Zoo:
        """Return all cards and records, as one consistent view."""
        import pandas as pd

        from zoograph.data.snapshot import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo

        with self._read() as connection:
            frames = [
                pd.DataFrame(
                    connection.execute(sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)).all(),
                    columns=list(columns),
                )
                for table, columns in (
                    (schema.runs, RUN_COLUMNS),
                    (schema.scores, SCORE_COLUMNS),
                    (schema.relations, RELATION_COLUMNS),
                )
            ]
            models = _read_cards(connection, schema.models, ModelCard)
            datasets = _read_cards(connection, schema.datasets, DatasetCard)
        return Zoo(models, datasets, *frames)


def _make_engine(url: str | sa.URL) -> Engine:
    try:
        engine = sa.create_engine(url)
    except ImportError as error:
        raise StoreError(
            f"The database of {DATABASE_VARIABLE} needs a driver: {error}. Install it with 'pip install {error.name}'."
        ) from error
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise StoreError(
            f"{DATABASE_VARIABLE} is no usable database URL: {_reason(error)}. "
            "Give one such as 'sqlite:////path/to/zoograph.db', or unset it."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that tables are made inside the transaction
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    # Before anything is changed: our tables were made in one transaction, so they are all there or none.
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not tables >= schema.metadata.tables.keys():
        raise sqlite3.DatabaseError("it is the database of another program")
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("zoograph_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _explained(what: str, remedy: str = "") -> Iterator[None]:
    """Raise what the database refuses, and values that nobody wrote, as a :class:`StoreError`."""
    try:
        yield
    except (SQLAlchemyError, ValueError) as error:
        raise StoreError(f"{what}: {_reason(error)}. {remedy}".rstrip()) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")


def _get_meta(connection: Connection) -> dict[str, str]:
    """Return what the store says of itself; nothing if it is new.

    Raises:
        StoreError: if a newer zoograph wrote it.
    """
    if not sa.inspect(connection).has_table(schema.meta.name):
        return {}
    rows = connection.execute(sa.select(schema.meta.c.key, schema.meta.c.value))
    known = {str(key): str(value) for key, value in rows}
    if int(known.get("schema_version", schema.SCHEMA_VERSION)) > schema.SCHEMA_VERSION:
        raise StoreError("The store was written by a newer zoograph: upgrade with 'pip install -U zoograph'.")
    return known


def _set_meta(connection: Connection, **values: str) -> None:
    connection.execute(sa.delete(schema.meta).where(schema.meta.c.key.in_(list(values))))
    connection.execute(sa.insert(schema.meta), [{"key": key, "value": value} for key, value in values.items()])


def _insert(
    connection: Connection,
    models: Iterable[ModelCard],
    datasets: Iterable[DatasetCard],
    runs: Iterable[Run],
    scores: Iterable[Score],
    relations: Iterable[Relation],
    batch: str,
) -> int:
    _replace_cards(connection, schema.models, "model", list(models))
    _replace_cards(connection, schema.datasets, "dataset", list(datasets))
    new = sum(
        _insert_records(connection, table, rows, batch)
        for table, rows in ((schema.runs, runs), (schema.scores, scores), (schema.relations, relations))
    )
    _set_meta(connection, revision=uuid.uuid4().hex)
    return new


def _replace_cards(
    connection: Connection, table: sa.Table, kind: str, cards: Sequence[ModelCard] | Sequence[DatasetCard]
) -> None:
    if not cards:
        return
    ids = [card.id for card in cards]
    known = set(connection.execute(sa.select(table.c.id)).scalars())
    rows = {card.id: card.model_dump(mode="json", exclude_none=True) for card in cards}
    for card_id in known.intersection(ids):
        connection.execute(sa.update(table).where(table.c.id == card_id).values(card=rows[card_id]))
    fresh = [{"id": card_id, "card": row} for card_id, row in rows.items() if card_id not in known]
    if fresh:
        connection.execute(sa.insert(table), fresh)
    connection.execute(
        sa.delete(schema.names).where(schema.names.c.target.in_(ids), schema.names.c.kind.in_(_name_kinds(kind)))
    )
    connection.execute(sa.insert(schema.names), [row for card in cards for row in _name_rows(kind, card)])


def _read_cards(connection: Connection, table: sa.Table, card: type[AnyCard]) -> dict[str, AnyCard]:
    """Return the cards by id, sorted here for the same reason as the names."""
    cards = [card.model_validate(row) for row in connection.execute(sa.select(table.c.card)).scalars()]
    return {card.id: card for card in sorted(cards, key=lambda card: card.id)}


def _name_kinds(kind: str) -> list[str]:
    return ["dataset", "family"] if kind == "dataset" else ["model"]


def _name_rows(kind: str, card: ModelCard | DatasetCard) -> Iterator[dict[str, str]]:
    for name in dict.fromkeys((card.id, *card.aliases)):
        yield {"kind": kind, "name": name, "target": card.id}
    if isinstance(card, DatasetCard) and card.family is not None:
        yield {"kind": "family", "name": card.family, "target": card.id}


def _insert_records(connection: Connection, table: sa.Table, records: Iterable[Record], batch: str) -> int:
    rows = {record.identity: record for record in records}
    known: set[str] = set()
    ids = list(rows)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        known.update(connection.execute(sa.select(table.c.id).where(table.c.id.in_(chunk))).scalars())
    fresh = [
        {**record.model_dump(), "id": identity, "batch": batch}
        for identity, record in rows.items()
        if identity not in known
    ]
    if fresh:
        _require_cards(connection, table, fresh)
        connection.execute(sa.insert(table), fresh)
    return len(fresh)


def _require_cards(connection: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    for column in table.columns:
        for key in column.foreign_keys:
            known = set(connection.execute(sa.select(key.column)).scalars())
            for name in sorted({row[column.name] for row in rows} - known):
                raise ValueError(f"the {column.name} '{name}' of a record has no card")
