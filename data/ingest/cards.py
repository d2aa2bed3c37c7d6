"""Parsing of cards: one from the fields that a row has of a name, or a table of models or datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import KNOWN_AS, to_text
from zoograph.data.ingest.tables import Reject, open_table
from zoograph.data.ingest.values.numbers import is_unknown
from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.data.records.fields import say_fault

AnyCard = TypeVar("AnyCard", bound=Card)
_LISTS = frozenset({"labels", "aliases", "languages", "modalities", "corpora"})


class BadCard(ValueError):
    """Fields that make no card, and why."""


def make_card(card: type[AnyCard], name: str, fields: Mapping[str, Any], source: str) -> AnyCard:
    """Make the card of ``name`` from cells; an empty one is not known, and semicolons part lists such as labels.

    Raises:
        BadCard: if a field does not fit.
    """
    known = {key: _parse(key, cell) for key, cell in fields.items() if not is_unknown(to_text(cell))}
    try:
        return card(id=name, source=source, **known)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadCard(f"'{'.'.join(map(str, first['loc']))}' does not fit: {say_fault(first)}") from error


def _parse(key: str, cell: Any) -> Any:
    if key not in _LISTS:
        return to_text(cell)
    parts = cell if isinstance(cell, list) else to_text(cell).split(";")
    return tuple(part for given in parts if (part := to_text(given)))


def read_model_cards(path: Path, source: str) -> list[ModelCard]:
    """Read a table with one model a row, named in a column ``id``, ``model``, ``model_name`` or ``model_id``.

    Columns called like fields of the card are read, and the others are not.

    Raises:
        RawDataError: naming the file, the line and what does not fit.
    """
    return _read_cards(path, ModelCard, "model", source)


def read_dataset_cards(path: Path, source: str) -> list[DatasetCard]:
    """Read a table with one dataset a row, named in a column ``id``, ``dataset``, ``dataset_name`` or ``dataset_id``.

    Columns called like fields of the card are read, and the others are not.

    Raises:
        RawDataError: naming the file, the line and what does not fit.
    """
    return _read_cards(path, DatasetCard, "dataset", source)


def _read_cards(path: Path, card: type[AnyCard], kind: str, source: str) -> list[AnyCard]:
    table = open_table(path)
    names = {column.lower(): column for column in reversed(table.columns)}
    key = next((names[name] for name in ("id", *KNOWN_AS[kind]) if name in names), None)
    if key is None:
        raise RawDataError(f"'{path}' needs a column 'id' or '{kind}' (got {', '.join(table.columns)}).")
    fields = [name for name in table.columns if name in card.model_fields and name not in (key, "id", "source")]
    cards = []
    for row in table.rows():
        if isinstance(row, Reject):
            raise RawDataError(f"'{path}', line {row.line}, cannot be read: {row.reason}. Mend or remove it.")
        try:
            known = {name: row.cells.get(name) for name in fields}
            cards.append(make_card(card, to_text(row.cells.get(key)), known, source))
        except BadCard as error:
            raise RawDataError(f"No card can be made of '{path}', line {row.line}: {error}.") from error
    return cards
