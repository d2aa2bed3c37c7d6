"""Tables that name images: one column of paths, and one of classes or of real values."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoograph.data.errors import ZoographError
from zoograph.data.images.listing import image_suffixes
from zoograph.data.images.task import ImageTask, ImageTaskError, find_inside, make_task, read_image_file
from zoograph.data.records.cards import DatasetCard
from zoograph.data.tasks.columns import divide_rows, find_split, guess_label, list_columns, named_columns, require_named
from zoograph.data.tasks.labels import require_classes
from zoograph.data.tasks.splits import Split, join_splits
from zoograph.data.tasks.tables import SUFFIXES, Table, read_table
from zoograph.data.tasks.task import Values, sizes_of
from zoograph.data.tasks.values import keep_real

_MOST_LOOKED_AT = 1000
_MOST_OTHERS = 0.1
_log = logging.getLogger(__name__)


def image_column(place: Path) -> str | None:
    """Return the first column of a table whose cells are paths of images; None if it has none, or is no table."""
    if place.suffix.lower() not in SUFFIXES or not place.is_file() or named_columns().text is not None:
        return None
    try:
        table = read_table(place)
    except ZoographError:  # who opens it says what is wrong with it
        return None
    return next((name for name, cells in table.columns.items() if _are_paths(cells)), None)


def _are_paths(cells: Sequence[Any]) -> bool:
    filled = [cell for cell in cells[:_MOST_LOOKED_AT] if isinstance(cell, str) and cell.strip()]
    paths = sum(Path(cell).suffix.lower() in image_suffixes() for cell in filled)
    return bool(filled) and paths >= (1 - _MOST_OTHERS) * len(filled)


def open_table(place: Path, domain: str | None = None) -> ImageTask:
    """Return the task of a table that names images in its folder, or in folders below it.

    Args:
        place: CSV, TSV, JSON Lines or Parquet with a column of paths relative to its folder, one of classes or of the
            real values that :func:`zoograph.data.tasks.columns.naming_columns` names, and one of splits, if there is
            one.
        domain: kind of images.

    Raises:
        TaskError: if a column is not there, or the values are no numbers.
        ImageTaskError: if there is one class, or the labels are no classes.
    """
    table, images = read_table(place), image_column(place)
    assert images is not None
    wanted = require_named(table, place.stem, ImageTaskError)
    target = wanted.target or wanted.label or guess_label(table, images)
    if target is None:
        raise ImageTaskError(
            f"'{place.stem}' must have a column of labels beside the images (got {list_columns(table)}). Name it with "
            "--label-column, or one of real values with --target."
        )
    kind = "value" if wanted.target else "label"
    _log.warning("'%s' is read as the images of '%s', and '%s' as their %s.", images, place.stem, target, kind)
    rows = _rows_of(table, find_split(table, (images, target)), place.stem)
    if wanted.target is None:
        return _of_classes(place, domain, table, rows, images, target)
    return _of_values(place, domain, table, rows, images, target)


def _rows_of(table: Table, split: str | None, id: str) -> dict[Split, list[int]]:
    if split is None:
        return {Split.TRAIN: list(range(len(next(iter(table.columns.values())))))}
    _log.warning("The column '%s' of '%s' is read as its splits.", split, id)
    return dict(divide_rows(table.columns[split]))


def _of_classes(
    place: Path, domain: str | None, table: Table, rows: dict[Split, list[int]], images: str, label: str
) -> ImageTask:
    known, cells = table.class_names.get(label), table.columns[label]
    require_classes(cells, place.stem, label, "image", ImageTaskError, named=known is not None)

    def name(cell: Any) -> str | None:
        if known is not None:
            return known[cell] if isinstance(cell, int) and 0 <= cell < len(known) else None
        return None if cell is None else str(cell).strip() or None

    labels = {split: [name(cells[row]) for row in found] for split, found in rows.items()}
    if Split.TRAIN not in rows:
        raise ImageTaskError(f"'{place.stem}' must have images to train on (got {', '.join(rows)}). Check its splits.")
    classes = list(known or sorted({found for found in labels[Split.TRAIN] if found is not None}))
    joined = join_splits(place.stem, classes, labels)
    for warning in joined.warnings:
        _log.warning("%s", warning)
    paths = [table.columns[images][rows[split][at]] for split, at, _ in joined.rows]
    return make_task(
        place.stem,
        "image table",
        classes,
        [str(path) for path in paths],
        [label for _, _, label in joined.rows],
        _reader(place.parent, paths),
        joined.mask(joined.test),
        domain,
        joined.mask(joined.validation),
        joined.warnings,
    )


def _of_values(
    place: Path, domain: str | None, table: Table, rows: dict[Split, list[int]], images: str, target: str
) -> ImageTask:
    cells = {split: [table.columns[target][row] for row in found] for split, found in rows.items()}
    everything = {split: range(len(found)) for split, found in rows.items()}
    kept = keep_real(place.stem, target, cells, everything)
    paths = [table.columns[images][rows[split][at]] for split, at in kept.rows]
    card = DatasetCard(id=f"{place.stem}-{target}", source="image table", domain=domain, num_samples=len(paths) or None)
    task = ImageTask(
        card,
        (),
        tuple(str(path) for path in paths),
        kept.strata,
        _reader(place.parent, paths),
        kept.mask(Split.TEST),
        kept.mask(Split.VALIDATION),
        values=Values(target, kept.numbers),
    )
    return replace(task, card=card.model_copy(update={"splits": dict(sizes_of(task))}))


def _reader(folder: Path, paths: Sequence[Any]) -> Callable[[int], bytes]:
    """Return what reads the image of a row, if it lies in the folder of the table."""

    def read(row: int) -> bytes:
        path = paths[row]
        return read_image_file(find_inside(path if isinstance(path, str) else None, [folder]))

    return read
