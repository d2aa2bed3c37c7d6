"""Looking through a whole store for what is not as it was stored, and taking it out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.store import schema
from zoograph.data.store.rows import name_rows, renew_removals, renew_revision, set_meta
from zoograph.data.store.selection import visible
from zoograph.data.store.soundness.reading import (
    KINDS,
    AnyCard,
    Damaged,
    fetch,
    read_sound,
    read_sound_cards,
    seal_card,
)

_CARDS: tuple[tuple[sa.Table, type[Any]], ...] = ((schema.models, ModelCard), (schema.datasets, DatasetCard))
_REPAIRED = "repair"


@dataclass(frozen=True)
class Condition:
    """What a store is like.

    Attributes:
        rows: that are not what was stored.
        pages: what the database says is wrong with its own file, such as an index without an entry; empty if nothing.
    """

    rows: tuple[Damaged, ...]
    pages: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether everything is as it was stored."""
        return not self.rows and not self.pages

    def as_dict(self) -> dict[str, Any]:
        """Return both as JSON can hold them."""
        return {"rows": [row._asdict() for row in self.rows], "pages": list(self.pages)}


def check(connection: Connection) -> Condition:
    """Compare every record and card with its hash, every name with the cards, and let the database check its file."""
    pages = check_pages(connection)
    try:
        return Condition(_check_rows(connection), pages)
    except DBAPIError:
        if not pages:
            raise
        return Condition((), pages)  # rows can be looked at once the indexes are made anew


def _check_rows(connection: Connection) -> tuple[Damaged, ...]:
    rows: list[Damaged] = []
    for name in KINDS:
        rows += read_sound(connection, schema.metadata.tables[name], ("id",))[1]
    cards = [card for table, kind in _CARDS for card in _read(connection, table, kind, rows)]
    if not any(row.table in (schema.models.name, schema.datasets.name) for row in rows):
        expected = {tuple(row.values()) for card in cards for row in _name_rows(card)}
        columns = [schema.names.c[name] for name in ("kind", "name", "target")]
        known = {tuple(map(str, row)) for row in fetch(connection, sa.select(*columns))}
        wrong = sorted(known ^ expected)
        rows += [Damaged(schema.names.name, name, f"{kind}, for {target}", "") for kind, name, target in wrong]
    for table, ids in _without_card(connection).items():
        told = {row.id for row in rows if row.table == table}
        rows += [Damaged(table, id, f"{id}, which records name", "") for id in sorted(ids - told)]
    return tuple(rows)


def check_pages(connection: Connection) -> tuple[str, ...]:
    """Return what SQLite finds wrong with its file and its indexes; other servers look after their own."""
    if connection.dialect.name != "sqlite":
        return ()
    found = [str(said) for said in connection.exec_driver_sql("PRAGMA integrity_check").scalars()]
    return () if found == ["ok"] else tuple(found)


def repair(connection: Connection) -> Condition:
    """Take out what is not as it was stored, make indexes and names anew, and return what was wrong.

    What came with the package comes back with the next command; other records have to be brought again. A card that
    records name loses all that it said but its id and its modality.

    Args:
        connection: in a transaction that may write.
    """
    condition = check(connection)
    if condition.is_sound:
        return condition
    if condition.pages:
        connection.exec_driver_sql("REINDEX")
        condition = Condition(_check_rows(connection), condition.pages)
    for name in KINDS:
        table = schema.metadata.tables[name]
        ids = [row.id for row in condition.rows if row.table == name]
        connection.execute(sa.delete(table).where(_is_one_of(connection, table.c.id, ids)))
    for table, kind in _CARDS:
        _mend_cards(connection, table, kind)
    _recount(connection, {row.batch for row in condition.rows})
    connection.execute(sa.delete(schema.names))
    names = [row for table, kind in _CARDS for card in _read(connection, table, kind, []) for row in _name_rows(card)]
    connection.execute(sa.insert(schema.names), names)
    set_meta(connection, shipped_zoo="")  # whose rows and cards are put in again
    renew_removals(connection)
    renew_revision(connection)
    return condition


def _recount(connection: Connection, batches: Collection[str]) -> None:
    """Let batches say how many records are left of them."""
    for batch in batches:
        counts = (
            sa.select(sa.func.count()).select_from(table).where(table.c.batch == batch)
            for table in (schema.metadata.tables[name] for name in KINDS)
        )
        left = sum(int(connection.execute(query).scalar_one()) for query in counts)
        connection.execute(sa.update(schema.batches).where(schema.batches.c.id == batch).values(records=left))


def _mend_cards(connection: Connection, table: sa.Table, kind: type[ModelCard] | type[DatasetCard]) -> None:
    """Remove the damaged cards, or leave bare ones where records name them."""
    damaged = {row.id: row for row in read_sound_cards(connection, table, kind)[1]}
    named = {id for column in _naming(table) for (id,) in fetch(connection, sa.select(column).distinct())}
    missing = _without_card(connection)[table.name]
    for id in damaged.keys() | missing:
        this = _is_one_of(connection, table.c.id, [id])
        said = next((row for (row,) in fetch(connection, sa.select(table.c.card).where(this))), None)
        bare = seal_card(_bare(kind, id, said))
        if id in missing:
            connection.execute(sa.insert(table), {"id": id, "card": bare, "batch": _REPAIRED})
        elif id in named:
            connection.execute(sa.update(table).where(this).values(card=bare))
        else:
            connection.execute(sa.delete(table).where(this))


def _bare(kind: type[ModelCard] | type[DatasetCard], id: str, row: Any) -> ModelCard | DatasetCard:
    """Return a card that says nothing but its modality, where that can still be read."""
    said = row if isinstance(row, dict) else {}
    known = {word.value for word in Modality}
    if kind is ModelCard:
        told = said.get("modalities")
        words = (
            tuple(word for word in told if isinstance(word, str) and word in known) if isinstance(told, list) else ()
        )
        return ModelCard(id=id, source=_REPAIRED, **({"modalities": words} if words else {}))
    word = said.get("modality")
    kept = {"modality": word} if isinstance(word, str) and word in known else {}
    return DatasetCard(id=id, source=_REPAIRED, **kept)


def _read(connection: Connection, table: sa.Table, kind: type[AnyCard], damaged: list[Damaged]) -> Iterator[AnyCard]:
    cards, found = read_sound_cards(connection, table, kind)
    damaged += found
    yield from cards.values()


def _name_rows(card: ModelCard | DatasetCard) -> Iterator[dict[str, str]]:
    return name_rows("model" if isinstance(card, ModelCard) else "dataset", card)


def _naming(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of records that name the cards of a table."""
    records = (schema.metadata.tables[name] for name in KINDS)
    return [column for kind in records for column in kind.columns if column.references(table.c.id)]


def _without_card(connection: Connection) -> dict[str, set[str]]:
    """Return the ids that records name and that have no card, by the table of the cards.

    A batch that is on its way brings its cards last.
    """
    found: dict[str, set[str]] = {}
    for table, _ in _CARDS:
        known = sa.select(table.c.id)
        queries = [
            sa.select(column).where(column.not_in(known), visible(column.table)).distinct() for column in _naming(table)
        ]
        found[table.name] = {str(id) for query in queries for (id,) in fetch(connection, query)}
    return found


def _is_one_of(connection: Connection, column: sa.Column[Any], ids: list[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a column holds one of ``ids``; some bytes of SQLite's may be no text any more."""
    if connection.dialect.name != "sqlite":
        return column.in_(ids)
    raw = [re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), id.encode()) for id in ids]
    return sa.cast(column, sa.LargeBinary).in_(raw)
