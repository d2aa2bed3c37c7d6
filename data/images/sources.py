"""Image tasks that a path leads to, or that the library ``datasets`` loaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zoograph.data.images.folder import card_of, dataset_card_from_folder, read_folder
from zoograph.data.images.identity import folder_digest
from zoograph.data.images.masks import find_masks, open_masks
from zoograph.data.images.published import find_published
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.tables import image_column, open_table
from zoograph.data.images.task import (
    ImageTask,
    ImageTaskError,
    UnreadableFile,
    file_reader,
    find_inside,
    make_task,
    read_image_file,
)
from zoograph.data.records.cards import DatasetCard
from zoograph.data.tasks.loaded import (
    choose_splits,
    find_label,
    import_datasets,
    is_kind,
    is_saved,
    labels_of,
    load_saved,
)
from zoograph.data.tasks.splits import Split, join_splits

__all__ = ["fits", "folder_digest", "has_columns", "holds", "open_local", "read_card", "task_from_folder", "task_of"]
_log = logging.getLogger(__name__)


def holds(place: Path) -> bool:
    """Return whether a place is a folder, which is one of images if nothing says otherwise, or a table of images."""
    return place.is_dir() or image_column(place) is not None


def has_columns(place: Path) -> bool:
    """Return whether a place is a table; the columns of what ``save_to_disk`` wrote are known by their kind."""
    return not place.is_dir()


def open_local(place: Path, domain: str | None = None) -> ImageTask:
    """Return the task of a folder of images.

    Args:
        place: a folder with one sub-folder of images for each class, a folder that ``save_to_disk`` of the library
            ``datasets`` wrote, one in a published layout (see
            :func:`zoograph.data.images.published.find_published`), one of images and one of masks (see
            :func:`zoograph.data.images.masks.find_masks`), or a table that names images (see
            :func:`zoograph.data.images.tables.open_table`).
        domain: kind of images, such as ``sketch``.

    Raises:
        ZoographError: if it is none of them.
    """
    if not place.is_dir() and image_column(place) is not None:
        return open_table(place, domain)
    if is_saved(place):
        splits = choose_splits(load_saved(place), place.resolve().name)
        return task_of(splits, place.resolve().name, f"datasets, {place.name}", domain, [place])
    if (published := find_published(place)) is not None:
        return published(domain)
    if (folders := find_masks(place)) is not None:
        return open_masks(place, *folders, domain)
    return task_from_folder(place, domain)


def task_from_folder(path: str | os.PathLike[str], domain: str | None = None) -> ImageTask:
    """Return the task of a folder with one sub-folder of images for each class, sorted by their names.

    What counts as an image, and what is left out, is said by :func:`zoograph.data.images.folder.read_folder`.

    Raises:
        ImageFolderError: if the folder is no classification dataset.
    """
    folder = read_folder(path)
    card = card_of(folder, domain)
    return ImageTask(
        card,
        folder.classes,
        tuple(name for name, _ in folder.files),
        tuple(label for _, label in folder.files),
        file_reader([folder.root / name for name, _ in folder.files]),
        folder.is_test,
        folder.is_validation,
        folder.warnings,
    )


def read_card(place: Path, domain: str | None = None) -> DatasetCard:
    """Return the card of a folder or a table of images, or of what ``save_to_disk`` wrote; no image is opened.

    Raises:
        ZoographError: if it is none of them.
    """
    if place.is_file() or is_saved(place) or find_published(place) is not None or find_masks(place) is not None:
        return open_local(place, domain).card
    return dataset_card_from_folder(place, domain)


def fits(features: Any) -> bool:
    """Return whether features of the library ``datasets`` have a column of images."""
    return any(is_kind(feature, "Image") for feature in features.values())


def task_of(splits: Any, id: str, source: str, domain: str | None, roots: Sequence[Path]) -> ImageTask:
    """Return the task of splits that the library ``datasets`` loaded; its files lie in one of ``roots``.

    They are joined by the names of their classes, see :func:`zoograph.data.tasks.splits.join_splits`.

    Raises:
        ImageTaskError: if there is no column of images or of class labels.
    """
    image, label = _columns_of(splits[Split.TRAIN], id)
    labels = {split: labels_of(rows, image, label) for split, rows in splits.items()}
    feature = splits[Split.TRAIN].features[label]
    known = {name for name in labels[Split.TRAIN] if name is not None}
    classes: list[str] = feature.names if hasattr(feature, "names") else sorted(known)
    joined = join_splits(id, classes, labels)
    for warning in joined.warnings:
        _log.warning("%s", warning)
    used = {split: _reader(splits[split], image, roots) for split in dict.fromkeys(row[0] for row in joined.rows)}

    def read_row(row: int) -> bytes:
        split, place, _ = joined.rows[row]
        return used[split](place)

    return make_task(
        id,
        source,
        classes,
        [f"{id}[{splits[split].split or split.value}, {place}]" for split, place, _ in joined.rows],
        [label for _, _, label in joined.rows],
        read_row,
        joined.mask(joined.test),
        domain,
        joined.mask(joined.validation),
        joined.warnings,
    )


def _columns_of(split: Any, id: str) -> tuple[str, str]:
    """Return the names of the first column of images and of the column of labels."""
    image = next((name for name, feature in split.features.items() if is_kind(feature, "Image")), None)
    label = find_label(split)
    if image is None or label is None:
        words, way = "class labels", "dataset.class_encode_column(NAME)"
        if image is None:
            words, way = "images", "dataset.cast_column(NAME, datasets.Image())"
        raise ImageTaskError(
            f"The dataset '{id}' must have a column of {words} (got {', '.join(split.features)}). "
            f"Make one with '{way}' and save it."
        )
    return image, label


def _reader(split: Any, column: str, roots: Sequence[Path]) -> Callable[[int], bytes]:
    encoded = split.select_columns([column]).cast_column(column, import_datasets().Image(decode=False))

    def read(row: int) -> bytes:
        image = encoded[row][column]
        if image is None:
            raise UnreadableFile(Unreadable.EMPTY)
        if image["bytes"] is not None:
            content: bytes = image["bytes"]
            return content
        return read_image_file(find_inside(image["path"], roots))

    return read
