"""Column mapping: which columns hold which fields, and how tidy tables and matrices become measurements."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from zoograph.data.errors import RawDataError
from zoograph.data.files.counts import some_of
from zoograph.data.ingest.formats.value_columns import (
    FURTHER_CHOICES,
    METRICS,
    is_other_result,
    not_on_training_images,
    plain_name,
)
from zoograph.data.ingest.tables import Cells, Reject, Row, Table
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.spellings import fold, is_score_name

# Our field -> the columns that are taken for it, in any case of letters.
KNOWN_AS = {
    "model": ("model", "model_name", "model_id"),
    "dataset": ("dataset", "dataset_name", "dataset_id"),
    "value": ("value", "accuracy", "acc", "top1", "test_accuracy", "eval_accuracy"),
    **{
        name: (name,)
        for name in (
            "protocol",
            "metric",
            "train_size",
            "test_size",
            "seed",
            "measured_at",
            "source",
            "hyperparameters",
            "shots",
            "repeats",
            "failure",
        )
    },
    "input_size": ("input_size", "img_size", "image_size"),
}
_CARD_FIELDS = {
    f"{kind}.{name}": (kind, name)
    for kind, card in (("model", ModelCard), ("dataset", DatasetCard))
    for name in card.model_fields
    if name not in ("id", "source")
}

# What `zoograph export` writes beside the run, and the numbers that pandas writes in front of rows.
_LONGEST_NUMBER = 30
_DEEPEST = 50
_NOT_SETTINGS = frozenset({"", "id", "batch", "stored_at", "unnamed: 0"})
_NAMES_OF_ROWS = frozenset({"", "unnamed: 0", *KNOWN_AS["model"]})


@dataclass(frozen=True)
class Measurement:
    """What one cell says, as text.

    Attributes:
        line: of its row.
        model: name.
        dataset: name.
        value: as it was written.
        fields: the other fields of a run that the row has.
        hyperparameters: every other column of the row.
        cards: what the row knows of its model and dataset, by ``model.`` or ``dataset.`` and the field of the card.
    """

    line: int
    model: str
    dataset: str
    value: str
    fields: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tidy:
    """A table with one run a row.

    Attributes:
        columns: our field -> its column.
        model: of rows that name none.
        dataset: likewise.
    """

    columns: Mapping[str, str]
    model: str = ""
    dataset: str = ""

    def settings(self, columns: Iterable[str]) -> list[str]:
        """Return those of the columns of a table that are hyperparameters."""
        mapped = set(self.columns.values())
        return [name for name in columns if name not in mapped and _is_setting(name)]

    def measurements(self, row: Row) -> Iterator[Measurement | Reject]:
        """Yield the measurement of a row."""
        cells = row.cells
        taken = {name: to_text(cells.get(column)) for name, column in self.columns.items()}
        mapped = set(self.columns.values())
        try:
            rest = {
                name: plain
                for name, cell in cells.items()
                if name not in mapped and _is_setting(name) and (plain := _setting(cell)) is not None
            }
            if given := cells.get(self.columns["hyperparameters"]) if "hyperparameters" in self.columns else None:
                rest |= _parse_settings(given)
        except _BadSettings as error:
            yield Reject(row.line, str(error), show(cells))
            return
        yield Measurement(
            row.line,
            taken.pop("model", "") or self.model,
            taken.pop("dataset", "") or self.dataset,
            taken.pop("value"),
            {name: text for name, text in taken.items() if text and name in KNOWN_AS and name != "hyperparameters"},
            rest,
            {name: text for name, text in taken.items() if text and name in _CARD_FIELDS},
        )


@dataclass(frozen=True)
class Matrix:
    """A table with a row a model and a column a dataset, or the other way round; an empty cell was not measured.

    Attributes:
        key: the column with the names of the rows.
        rows_are_datasets: whether these are datasets.
    """

    key: str
    rows_are_datasets: bool

    def column(self, item: Measurement) -> str:
        """Return the column that a measurement is in."""
        return item.model if self.rows_are_datasets else item.dataset

    def measurements(self, row: Row) -> Iterator[Measurement]:
        """Yield the measurements of a row."""
        own = to_text(row.cells[self.key])
        for name, cell in row.cells.items():
            text = to_text(cell)
            if name != self.key and text:
                yield Measurement(row.line, *((name, own) if self.rows_are_datasets else (own, name)), text)


def find_layout(table: Table, mapping: Mapping[str, str], model: str = "", dataset: str = "") -> Tidy | Matrix:
    """Tell from the columns how a table is laid out.

    Args:
        table: what is to be read.
        mapping: our field -> its column, for columns with other names; ``accuracy`` means ``value``.
        model: of rows that name none.
        dataset: likewise.

    Raises:
        RawDataError: if a column is missing, or if two could be meant.
    """
    chosen = {_get_field(name): _get_column(column, table) for name, column in mapping.items()}
    require_columns(chosen.values(), table)
    columns = dict(chosen)
    for name, known_as in KNOWN_AS.items():
        if name not in columns and (found := find_column(table, name, known_as, chosen.values())):
            columns[name] = found
    for known_as in FURTHER_CHOICES:
        if "value" not in columns and (found := find_column(table, "value", known_as, chosen.values())):
            columns["value"] = found
    if "value" not in chosen and "value" in columns:
        columns["value"] = not_on_training_images(table, columns["value"])
    columns |= {column: column for column in table.columns if column in _CARD_FIELDS and column not in columns}
    given = {"model": model, "dataset": dataset}
    missing = [name for name in ("model", "dataset", "value") if name not in columns and not given.get(name)]
    if not missing:
        return Tidy(columns, model, dataset)
    if "value" in missing and not chosen and not (model or dataset):
        matrix = find_matrix(table)
        if matrix is not None:
            return matrix
    raise RawDataError(_say_missing(table, missing))


def find_matrix(table: Table) -> Matrix | None:
    """Return how a table is laid out that has models beside datasets; None if it does not begin as one."""
    first = table.columns[0] if table.columns else ""
    if len(table.columns) < 2:
        return None
    if first.lower() in _NAMES_OF_ROWS and not _has(table, "dataset"):
        return Matrix(first, rows_are_datasets=False)
    if first.lower() in KNOWN_AS["dataset"] and not _has(table, "model"):
        return Matrix(first, rows_are_datasets=True)
    return None


def find_column(table: Table, name: str, known_as: Sequence[str], taken: Collection[str] = ()) -> str | None:
    """Return the column that holds a field, None if there is none.

    Args:
        table: what is to be read.
        name: of the field.
        known_as: what its column can be called, however it is spelled; the first one comes before the others.
        taken: columns that hold something else.

    Raises:
        RawDataError: if several could be meant.
    """
    plain, names = {column: plain_name(column) for column in table.columns}, {fold(name) for name in known_as}
    found = [column for column in plain if plain[column] in names and column not in taken]
    exact = [column for column in found if plain[column] == fold(known_as[0])]
    if len(found) > 1 and len(exact) != 1:
        raise RawDataError(
            f"'{table.name}' has several columns for the {name} ({', '.join(found)}). "
            f"Say which: --map {name}={found[0]}."
        )
    return next(iter(exact or found), None)


def require_columns(columns: Iterable[str], table: Table) -> None:
    """Raise unless a table has all of some columns.

    Raises:
        RawDataError: naming the first one that it has not.
    """
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise RawDataError(f"'{table.name}' has no column '{absent[0]}' (got {_list(table.columns)}).")


def _has(table: Table, kind: str) -> bool:
    return find_column(table, kind, KNOWN_AS[kind]) is not None


def _say_missing(table: Table, missing: Sequence[str]) -> str:
    first = missing[0]
    names = [name for name in missing if name != "value"]
    options = " ".join(f"--{name} NAME" for name in names)
    remedies = [f"Say which with --map {first}=COLUMN"]
    if names:
        remedies.append(f"name the one {' and '.join(names)} of all rows with {options}")
    scores = "; transferability scores come in with --scores" if any(map(is_score_name, table.columns)) else ""
    return (
        f"'{table.name}' has no column for the {' and the '.join(missing)} (got {_list(table.columns)}). "
        f"{', or '.join(remedies)}; a matrix begins with a column 'model' or 'dataset'{scores}."
    )


def _get_column(name: str, table: Table) -> str:
    return f"{METRICS}{name}" if name not in table.columns and f"{METRICS}{name}" in table.columns else name


def _get_field(name: str) -> str:
    for known, known_as in KNOWN_AS.items():
        if name in known_as:
            return known
    if name in _CARD_FIELDS:
        return name
    raise RawDataError(f"--map knows no field '{name}'. Known are {', '.join((*KNOWN_AS, *_CARD_FIELDS))}.")


def _list(columns: Sequence[str]) -> str:
    return some_of(columns, 20) or "none"


class _BadSettings(ValueError):
    """Settings that cannot be kept, and why."""


def show(cells: Cells) -> str:
    """Return a row as one line of text."""
    return _dump(dict(cells), ensure_ascii=False)


def _dump(content: Any, *, ensure_ascii: bool = True) -> str:
    try:
        return json.dumps(content, ensure_ascii=ensure_ascii, default=str)
    except RecursionError:
        return "…"  # nested too deeply


def to_text(cell: Any) -> str:
    """Return a cell as text; nothing is empty text."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return _dump(cell) if isinstance(cell, dict | list) else str(cell)


def to_plain(cell: Any, depth: int = 0) -> Any:
    """Return a setting as JSON can hold it; a number that is not finite becomes nothing.

    Args:
        cell: of any kind.
        depth: lists and mappings that it lies in.

    Raises:
        ValueError: if it is nested more than 50 deep.
    """
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if depth >= _DEEPEST:
        raise _BadSettings(f"a setting is nested more than {_DEEPEST} deep")
    if isinstance(cell, dict):
        return {str(key): to_plain(value, depth + 1) for key, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [to_plain(value, depth + 1) for value in cell]
    return to_text(cell)


@lru_cache(maxsize=10_000)
def _is_setting(column: str) -> bool:
    return column.lower() not in _NOT_SETTINGS and not is_other_result(column)


def _setting(cell: Any) -> Any:
    """Return what a column says: text that is a number becomes one, and empty text nothing."""
    if not isinstance(cell, str):
        return to_plain(cell)
    text = cell.strip()
    if not text or not text.isascii() or "_" in text or len(text) > _LONGEST_NUMBER:
        return text or None
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(text) if text.lstrip("+-").isdigit() else number


def _parse_settings(given: Any) -> dict[str, Any]:
    try:
        settings = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError) as error:
        raise _BadSettings(f"the hyperparameters are no JSON object: {error}") from error
    if not isinstance(settings, dict):
        raise _BadSettings(f"the hyperparameters are no JSON object: got {type(settings).__name__}")
    plain: dict[str, Any] = to_plain(settings)
    return plain
