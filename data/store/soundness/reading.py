"""Soundness: what is no longer as it was stored, by the hash that every record and card has, is told and kept out."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from zoograph.data.files.counts import count_of
from zoograph.data.files.facts import hash_json
from zoograph.data.records.cards import Card
from zoograph.data.records.fields import in_utc
from zoograph.data.records.records import ClassInfluence, Record, Relation, Run, Score
from zoograph.data.store import schema
from zoograph.data.store.selection import visible

KINDS: dict[str, type[Record]] = {"runs": Run, "scores": Score, "relations": Relation, "influences": ClassInfluence}
"""What the rows of each table of records are; the id of a row is the hash of it."""

AnyCard = TypeVar("AnyCard", bound=Card)
Cells = Sequence[Any]

_SEAL = "sha256"
_BUFFER = 10_000  # rows that a server sends at a time
_TOLD = 3
_ABOUT = ("model", "label", "dataset", "other", "protocol", "metric", "name")
_to_json = json.JSONEncoder(sort_keys=True).encode
_log = logging.getLogger(__name__)


class Damaged(NamedTuple):
    """A row that is not what was stored.

    Attributes:
        table: of the store.
        id: of the row.
        what: it was about, as far as it can be read.
        batch: that it says it came with.
    """

    table: str
    id: str
    what: str
    batch: str

    @property
    def short(self) -> str:
        """The beginning of the id, fit for a terminal."""
        return _printable(self.id)[:12]


def read_sound(
    connection: Connection, table: sa.Table, names: Sequence[str], *conditions: sa.ColumnElement[bool]
) -> tuple[list[Cells], list[Damaged]]:
    """Return columns of the records of a table, in the order of their ids, and the records that are left out.

    Batches that are on their way in or out are passed over.

    Args:
        connection: in a transaction.
        table: of :data:`KINDS`.
        names: of the columns.
        conditions: on the rows.
    """
    damaged: list[Damaged] = []
    return list(stream_sound(connection, table, names, damaged, *conditions)), damaged


def stream_sound(
    connection: Connection,
    table: sa.Table,
    names: Sequence[str],
    damaged: list[Damaged],
    *conditions: sa.ColumnElement[bool],
    in_order: bool = True,
) -> Iterator[Cells]:
    """Yield what :func:`read_sound` returns, and append the records that are left out to ``damaged``.

    Out of order a large table is read from one end to the other, which is faster.
    """
    kind = KINDS[table.name]
    fields = tuple(kind.model_fields)
    columns = list(dict.fromkeys(("id", *fields, "batch", *names)))
    choose = [columns.index(name) for name in names]
    query = sa.select(*(table.c[name] for name in columns)).where(visible(table), *conditions)
    for cells in fetch(connection, query.order_by(table.c.id) if in_order else query):
        if _is_sound(kind, fields, cells[0], cells[1:]):
            yield tuple(cells[place] for place in choose)
        else:
            known = dict(zip(columns, cells, strict=True))
            what = " ".join(str(known[name]) for name in _ABOUT if known.get(name) is not None)
            damaged.append(Damaged(table.name, str(known["id"]), _printable(what), _printable(str(known["batch"]))))


def read_sound_cards(
    connection: Connection, table: sa.Table, kind: type[AnyCard], *conditions: sa.ColumnElement[bool]
) -> tuple[dict[str, AnyCard], list[Damaged]]:
    """Return the cards of a table by id, sorted here because databases do not agree on the order of text, and the rest.

    A card that was stored before cards had a hash is taken as it is.
    """
    cards: dict[str, AnyCard] = {}
    damaged: list[Damaged] = []
    for identity, row, batch in fetch(
        connection, sa.select(table.c.id, table.c.card, table.c.batch).where(*conditions)
    ):
        try:
            card = kind.model_validate(_open(row))
            if card.id != identity:
                raise ValueError("it is the card of something else")
            cards[card.id] = card
        except (ValueError, TypeError, AttributeError):
            damaged.append(Damaged(table.name, str(identity), _printable(str(identity)), _printable(str(batch))))
    return dict(sorted(cards.items())), damaged


def seal_card(card: Card) -> dict[str, Any]:
    """Return a card as it is stored: with a hash of what it says."""
    row = card.model_dump(mode="json", exclude_none=True)
    return {**row, _SEAL: hash_json(row)}


def tell(damaged: Sequence[Damaged]) -> None:
    """Warn of rows that were left out, if there are any."""
    if not damaged:
        return
    count = count_of(len(damaged), "row of the store was", "rows of the store were")
    named = "; ".join(f"'{row.short}' of {row.table} ({row.what})" for row in damaged[:_TOLD])
    more = ", …" if len(damaged) > _TOLD else ""
    _log.warning(
        "%s changed on disk by something else than zoograph, and left out: %s%s. See 'zoograph status --check'.",
        count,
        named,
        more,
    )


def fetch(connection: Connection, query: sa.Select[Any]) -> Iterator[Cells]:
    """Yield the rows of a query of plain columns; cells of SQLite that cannot be read any more come as text."""
    read = 0
    try:
        for row in connection.execute(query, execution_options={"yield_per": _BUFFER}):
            read += 1
            yield row
    except (ValueError, TypeError, DBAPIError):
        if connection.dialect.name != "sqlite":
            raise
        yield from _fetch_as_text(connection, query)[read:]


def _fetch_as_text(connection: Connection, query: sa.Select[Any]) -> list[Cells]:
    database: Any = connection.connection.dbapi_connection
    before, database.text_factory = database.text_factory, partial(str, encoding="utf-8", errors="backslashreplace")
    types = [column.type for column in query.selected_columns]
    raw = query.with_only_columns(*(sa.type_coerce(column, sa.types.NullType()) for column in query.selected_columns))
    try:
        rows = connection.execute(raw).all()
    finally:
        database.text_factory = before
    return [[_read_cell(kind, cell) for kind, cell in zip(types, row, strict=True)] for row in rows]


def _read_cell(kind: sa.types.TypeEngine[Any], cell: Any) -> Any:
    try:
        if isinstance(kind, sa.JSON) and cell is not None:
            return json.loads(cell)
        if isinstance(kind, schema.Moment) and cell is not None:
            return in_utc(datetime.fromisoformat(cell))
    except (ValueError, TypeError):
        pass
    return cell


def _is_sound(kind: type[Record], fields: Sequence[str], identity: object, cells: Cells) -> bool:
    content = {name: _as_json(cell) for name, cell in zip(fields, cells, strict=False) if cell is not None}
    try:
        if _hash(content) == identity:
            return True  # this way it is ten times as fast as by way of the record
        if kind.model_validate(dict(zip(fields, cells, strict=False))).identity == identity:
            return True
        return any(_hash(other) == identity for other in _as_once(content))
    except (ValueError, TypeError):
        return False


def _printable(text: str) -> str:
    """Return text without signs that a terminal would obey, which a flipped bit can make."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(_to_json(content).encode()).hexdigest()


def _as_once(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the same record may have been when ids knew the sign of zero, and the zone of a time."""
    yield {**content, **{name: -0.0 for name in ("value", "standard_error") if content.get(name) == 0}}
    if "measured_at" in content:
        moment = datetime.fromisoformat(content["measured_at"])
        yield {**content, "measured_at": moment.replace(tzinfo=None).isoformat()}
        for quarters in range(-48, 57):
            zone = timezone(timedelta(minutes=15 * quarters))
            yield {**content, "measured_at": moment.astimezone(zone).isoformat()}


def _as_json(cell: Any) -> Any:
    return cell.isoformat().replace("+00:00", "Z") if isinstance(cell, datetime) else cell


def _open(row: Any) -> dict[str, Any]:
    content = {name: value for name, value in row.items() if name != _SEAL}
    if _SEAL in row and row[_SEAL] != _hash(content):  # as hash_json does, of what has been JSON already
        raise ValueError("the card does not agree with its hash")
    return content
