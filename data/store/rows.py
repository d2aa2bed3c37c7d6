"""Rows of the store: how cards and records are put into the tables and taken out again, within a transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.data.records.records import Record
from zoograph.data.store import schema
from zoograph.data.store.selection import hidden_batches, visible
from zoograph.data.store.soundness.reading import read_sound_cards, seal_card, tell

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

AnyCard = TypeVar("AnyCard", bound=Card)

RECORDS = (schema.runs, schema.scores, schema.relations, schema.influences)
CARDS = {"model": schema.models, "dataset": schema.datasets}
REVISION = "revision"
"""What the store calls the token that changes with every write."""
REMOVALS = "removals"
"""What it calls the token that changes when records are changed, or removed in another way than as a whole batch."""
BOOKKEEPING = ("batch", "stored_at")
"""Columns that are no part of what a record says."""

_CHUNK = 5_000


def get_meta(connection: Connection) -> dict[str, str]:
    """Return what the store says of itself; nothing if it is new.

    Raises:
        StoreError: if a newer zoograph wrote it, or if it does not say which version its tables have.
    """
    if not sa.inspect(connection).has_table(schema.meta.name):
        return {}
    rows = connection.execute(sa.select(schema.meta.c.key, schema.meta.c.value))
    known = {str(key): str(value) for key, value in rows}
    version = known.get("schema_version", "")
    if not (version.isascii() and version.isdecimal()):
        raise StoreError(
            "The store does not say which version its tables have: its table 'meta' is damaged. Take a copy of the "
            "database from before, or move it aside and bring the records again."
        )
    if int(version) > schema.SCHEMA_VERSION:
        raise StoreError("The store was written by a newer zoograph: upgrade with 'pip install -U zoograph'.")
    return known


def set_meta(connection: Connection, **values: str) -> None:
    """Let the store say something of itself."""
    row = insert_into(connection, schema.meta)
    newer = row.on_conflict_do_update(index_elements=[schema.meta.c.key], set_={"value": row.excluded.value})
    connection.execute(newer, [{"key": key, "value": value} for key, value in values.items()])


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what becomes of a row that is there already."""
    if connection.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # which takes a moment that most stores can do without

    return postgresql.insert(table)


def find_known(
    connection: Connection, column: sa.Column[str], values: Iterable[str], *conditions: sa.ColumnElement[bool]
) -> set[str]:
    """Return those of ``values`` that a column has in rows of some conditions; no other rows are read."""
    known: set[str] = set()
    asked = iter(values)
    while chunk := list(islice(asked, _CHUNK)):
        known.update(connection.execute(sa.select(column).where(column.in_(chunk), *conditions)).scalars())
    return known


def forget_meta(connection: Connection, key: str) -> None:
    """Let the store say nothing of something any more."""
    connection.execute(sa.delete(schema.meta).where(schema.meta.c.key == key))


def renew_revision(connection: Connection) -> None:
    """Tell whoever read the store that it has changed."""
    set_meta(connection, **{REVISION: uuid.uuid4().hex})


def renew_removals(connection: Connection) -> None:
    """Tell whoever kept records of the store that some are gone, or others than they were."""
    set_meta(connection, **{REMOVALS: uuid.uuid4().hex})


def put_models(connection: Connection, cards: Iterable[ModelCard], batch: str, *, replace: bool = True) -> None:
    """Put in cards of models; one of a known id replaces the old card, or else is left out."""
    _put_cards(connection, "model", list(cards), batch, replace)


def put_datasets(connection: Connection, cards: Iterable[DatasetCard], batch: str, *, replace: bool = True) -> None:
    """Put in cards of datasets; one of a known id replaces the old card, or else is left out."""
    _put_cards(connection, "dataset", list(cards), batch, replace)


def _put_cards(
    connection: Connection, kind: str, cards: Sequence[ModelCard] | Sequence[DatasetCard], batch: str, replace: bool
) -> None:
    if not cards:
        return
    table = CARDS[kind]
    known = find_known(connection, table.c.id, {card.id for card in cards})
    # Of two cards of one id, the last counts.
    chosen: Mapping[str, ModelCard | DatasetCard] = {card.id: card for card in cards if replace or card.id not in known}
    if not chosen:
        return
    rows = {card.id: seal_card(card) for card in chosen.values()}
    for card_id in known.intersection(chosen):
        connection.execute(sa.update(table).where(table.c.id == card_id).values(card=rows[card_id]))
    fresh = [{"id": card_id, "card": row, "batch": batch} for card_id, row in rows.items() if card_id not in known]
    if fresh:
        connection.execute(sa.insert(table), fresh)
    forget_names(connection, kind, list(chosen))
    connection.execute(sa.insert(schema.names), [row for card in chosen.values() for row in name_rows(kind, card)])


def forget_names(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    """Remove what some models or datasets can be called."""
    kinds = ["dataset", "family"] if kind == "dataset" else ["model"]
    for start in range(0, len(ids), _CHUNK):
        chosen = schema.names.c.target.in_(ids[start : start + _CHUNK])
        connection.execute(sa.delete(schema.names).where(chosen, schema.names.c.kind.in_(kinds)))


def read_cards(connection: Connection, table: sa.Table, card: type[AnyCard]) -> dict[str, AnyCard]:
    """Return the cards by id, sorted; those that changed on disk are told and left out."""
    cards, damaged = read_sound_cards(connection, table, card)
    tell(damaged)
    return cards


def pick_cards(connection: Connection, table: sa.Table, card: type[AnyCard], ids: Sequence[str]) -> tuple[AnyCard, ...]:
    """Return the cards of ``ids``, in their order; an id that is not known is left out.

    Raises:
        StoreError: if a card changed on disk after it was stored.
    """
    found, damaged = read_sound_cards(connection, table, card, table.c.id.in_(ids))
    if damaged:
        raise StoreError(
            f"The card of '{damaged[0].id}' was changed on disk by something else than zoograph. "
            "Run 'zoograph status --check --repair'."
        )
    return tuple(found[id] for id in ids if id in found)


def name_rows(kind: str, card: ModelCard | DatasetCard) -> Iterator[dict[str, str]]:
    """Yield the rows of what a card can be called: its id, its aliases, and its family."""
    for name in dict.fromkeys((card.id, *card.aliases)):
        yield {"kind": kind, "name": name, "target": card.id}
    if isinstance(card, DatasetCard) and card.family is not None:
        yield {"kind": "family", "name": card.family, "target": card.id}


def record_row(record: Record) -> dict[str, Any]:
    """Return a record as a row without a batch."""
    return {**record.model_dump(), "id": record.identity}


def put_records(connection: Connection, table: sa.Table, records: Iterable[Record], batch: str) -> int:
    """Put in the records that are not there, and return how many they were.

    Raises:
        ValueError: if one names a model or dataset that has no card.
    """
    rows = {record.identity: record for record in records}
    known = find_known(connection, table.c.id, rows, visible(table))
    now = datetime.now(UTC)
    fresh = [
        {**record.model_dump(), "id": identity, "batch": batch, "stored_at": now}
        for identity, record in rows.items()
        if identity not in known
    ]
    if fresh:
        named = (column.name for column in table.columns if column.foreign_keys)
        require_cards(connection, table, {name: {row[name] for row in fresh} for name in named})
        connection.execute(insert_new(connection, table), fresh)
    return len(fresh)


def insert_new(connection: Connection, table: sa.Table, rows: sa.Select[Any] | None = None) -> sa.Insert:
    """Return the statement that puts in the records of a batch that are not there.

    One that is there with a batch that is on its way is taken over from it, whatever becomes of that batch.

    Args:
        connection: to the database.
        table: of records.
        rows: where they come from, with the columns of ``table`` of the same names; None for parameters.
    """
    into = insert_into(connection, table)
    if rows is not None:
        into = into.from_select([column.name for column in rows.selected_columns], rows)
    if connection.dialect.name == "postgresql":  # where nobody sees a batch before it is whole anyhow
        return into.on_conflict_do_nothing()
    marks = {name: into.excluded[name] for name in BOOKKEEPING}
    on_the_way = table.c.batch.in_(hidden_batches())
    return into.on_conflict_do_update(index_elements=[table.c.id], set_=marks, where=on_the_way)


def require_cards(connection: Connection, table: sa.Table, names: Mapping[str, Collection[str]]) -> None:
    """Raise unless all that records of a table name has a card.

    Args:
        connection: in a transaction.
        table: of the records.
        names: ids by column; others than those of cards do not matter.

    Raises:
        ValueError: naming the first that has none.
    """
    for column in table.columns:
        for key in column.foreign_keys:
            asked = set(names[column.name])
            for name in sorted(asked - find_known(connection, key.column, asked)):
                raise ValueError(f"the {column.name} '{name}' of a record has no card")


def remove_cards(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    """Remove cards of one kind, with the names that they can be called by."""
    forget_names(connection, kind, ids)
    table = CARDS[kind]
    for start in range(0, len(ids), _CHUNK):
        connection.execute(sa.delete(table).where(table.c.id.in_(ids[start : start + _CHUNK])))
