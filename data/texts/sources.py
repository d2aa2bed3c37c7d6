"""Text tasks that a path leads to, or that the library ``datasets`` loaded."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from zoograph.data.images.tables import image_column
from zoograph.data.records.cards import DatasetCard
from zoograph.data.tasks.columns import Columns, divide_rows, named_columns
from zoograph.data.tasks.loaded import choose_splits, is_kind, is_saved, load_saved, saved_features
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.tables import SUFFIXES, Table, read_table, stamp_of
from zoograph.data.texts.columns import choose_columns
from zoograph.data.texts.errors import TextTaskError
from zoograph.data.texts.folder import (
    find_tables,
    group_tables,
    holds_text_files,
    read_named_files,
    read_text_files,
)
from zoograph.data.texts.task import RawRows, TextTask, make_real_text_task, make_text_task

__all__ = ["fits", "folder_digest", "has_columns", "holds", "open_local", "read_card", "task_of"]
_USUAL = Columns("text", "label")
_log = logging.getLogger(__name__)


def holds(place: Path) -> bool:
    """Return whether a place is a dataset of texts: a table by its name, or a folder of tables or text files."""
    if not place.is_dir():
        return place.suffix.lower() in SUFFIXES and image_column(place) is None
    if is_saved(place):
        kinds = {str(feature.get("_type")) for features in saved_features(place) for feature in _plain(features)}
        return bool(kinds) and "Image" not in kinds
    return holds_text_files(place) or bool(find_tables(place))


def has_columns(place: Path) -> bool:
    """Return whether a place is a table, a folder of tables, or what ``save_to_disk`` wrote, rather than text files."""
    return not place.is_dir() or is_saved(place) or bool(find_tables(place))


def open_local(place: Path, domain: str | None = None) -> TextTask:
    """Return the task of a file or a folder of texts.

    Args:
        place: CSV, TSV, JSON Lines or Parquet with a column of texts and one of labels (and one of splits, if there
            is one); a folder with such tables, called after the splits; a folder with one sub-folder of ``.txt`` files
            for each class, in splits or not; or what ``save_to_disk`` of the library ``datasets`` wrote.
        domain: kind of texts.

    Raises:
        TextTaskError: if it is none of them.
    """
    stamp = tuple((path, *stamp_of(path)) for path in (find_tables(place) if place.is_dir() else [place]))
    return _open(place, domain, named_columns(), stamp)


def read_card(place: Path, domain: str | None = None) -> DatasetCard:
    """Return the card of a file or a folder of texts; texts that are both to train on and to test on are warned of.

    Raises:
        TextTaskError: see :func:`open_local`.
    """
    return open_local(place, domain).card


def folder_digest(place: Path) -> str:
    """Return the digest of the names of the classes, a dash, and that of texts, labels and splits."""
    task = open_local(place)
    classes = hashlib.sha256(repr(sorted(task.target_names)).encode()).hexdigest()
    return f"{classes[:8]}-{task.digest[:16]}"


def fits(features: Any) -> bool:
    """Return whether features of the library ``datasets`` have a column of strings."""
    return any(getattr(feature, "dtype", None) in ("string", "large_string") for feature in features.values())


def task_of(splits: Any, id: str, source: str, domain: str | None, roots: Sequence[Path] = ()) -> TextTask:
    """Return the task of splits that the library ``datasets`` loaded.

    Raises:
        TextTaskError: if there is no column of texts or of labels.
    """
    tables = {split: _as_table(rows) for split, rows in splits.items()}
    return _task_of_tables(id, source, tables, domain)


@lru_cache(maxsize=4)  # a command checks, names and opens the same file
def _open(place: Path, domain: str | None, columns: Columns, stamp: object) -> TextTask:
    id = place.resolve().stem if place.suffix.lower() in SUFFIXES else place.resolve().name
    if place.is_dir() and is_saved(place):
        task = task_of(choose_splits(load_saved(place), id), id, f"datasets, {place.name}", domain)
    elif place.is_dir() and not find_tables(place):
        task = make_text_task(id, "text folder", _require_training(place, read_text_files(place)), domain)
    elif place.is_dir():
        groups = group_tables(place, find_tables(place))
        tables = {split: _join([read_table(path) for path in paths]) for split, paths in groups.items()}
        task = _task_of_tables(id, "text tables", tables, domain)
    else:
        task = _task_of_tables(id, "text table", {Split.TRAIN: read_table(place)}, domain, place.parent)
    return task


def _task_of_tables(
    id: str, source: str, tables: dict[Split, Table], domain: str | None, files: Path | None = None
) -> TextTask:
    """Return the task of tables; texts are cells, or the ``.txt`` files in a folder that the cells name."""
    train = tables[Split.TRAIN]
    columns = choose_columns(train, id)
    assert columns.text is not None
    if columns[:2] != _USUAL[:2] and columns[:2] != named_columns()[:2]:
        told = f"'{columns.label or columns.target}' as its {'label' if columns.label else 'value'}"
        _log.warning("'%s' is read as the text of '%s', and %s.", columns.text, id, told)
    parts = {split: _raw(id, split, table, columns) for split, table in tables.items()}
    if files is not None:
        parts = {split: replace(rows, texts=read_named_files(files, rows.texts, id)) for split, rows in parts.items()}
    if columns.split is not None and len(tables) == 1:
        parts = _divide(parts[Split.TRAIN], train.columns[columns.split])
        _log.warning("The column '%s' of '%s' is read as its splits.", columns.split, id)
    parts = _require_training(Path(id), parts)
    if columns.label is None:
        return make_real_text_task(id, source, parts, domain, str(columns.target))
    return make_text_task(id, source, parts, domain, train.class_names.get(columns.label, ()), columns.label)


def _raw(id: str, split: Split, table: Table, columns: Columns) -> RawRows:
    size = len(next(iter(table.columns.values()), ()))
    nothing = [None] * size
    texts, labels = (table.columns.get(str(name), nothing) for name in (columns.text, columns.label or columns.target))
    return RawRows(texts, labels, [f"{id}[{split.value}, {row}]" for row in range(size)])


def _divide(rows: RawRows, cells: Sequence[Any]) -> dict[Split, RawRows]:
    """Return the rows of each split; one without a split is left out."""
    return {
        split: RawRows(*([part[row] for row in chosen] for part in (rows.texts, rows.labels, rows.names)))
        for split, chosen in divide_rows(cells).items()
    }


def _require_training(place: Path, parts: dict[Split, RawRows]) -> dict[Split, RawRows]:
    if Split.TRAIN not in parts:
        got = ", ".join(split.value for split in parts) or "no texts"
        raise TextTaskError(f"'{place}' must hold texts to train on (got {got}). Check its splits.")
    return parts


def _join(tables: Sequence[Table]) -> Table:
    """Return the rows of all tables, under the columns of the first."""
    first = tables[0]
    cells = {
        name: [cell for table in tables for cell in table.columns.get(name, [None] * _size(table))]
        for name in first.columns
    }
    return Table(cells, first.class_names)


def _size(table: Table) -> int:
    return len(next(iter(table.columns.values()), ()))


def _as_table(rows: Any) -> Table:
    known = {name: feature for name, feature in rows.features.items() if not is_kind(feature, "Image")}
    names = {name: feature.names for name, feature in known.items() if is_kind(feature, "ClassLabel")}
    return Table({name: list(rows[name]) for name in known}, names)


def _plain(features: dict[str, Any]) -> list[dict[str, Any]]:
    return [feature for feature in features.values() if isinstance(feature, dict)]
