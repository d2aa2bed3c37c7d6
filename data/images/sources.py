"""Image tasks that a name or a path leads to: a folder of images, or a dataset of the Hugging Face hub."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zoograph.data.files.hub import hub_or_cache
from zoograph.data.images.folder import card_of, dataset_card_from_folder, is_saved, read_folder
from zoograph.data.images.published import find_published
from zoograph.data.images.task import (
    ImageTask,
    ImageTaskError,
    UnreadableFile,
    file_reader,
    make_task,
    read_image_file,
)
from zoograph.data.images.unreadable import Unreadable
from zoograph.data.records.cards import DatasetCard
from zoograph.data.tasks.splits import Split, join_splits, split_named

_LABELS = frozenset({"label", "labels", "class", "class_name", "category", "target"})
_log = logging.getLogger(__name__)


def open_task(dataset: str, domain: str | None = None) -> ImageTask:
    """Return the task that ``dataset`` means.

    Args:
        dataset: a folder with one sub-folder of images for each class, a folder that ``save_to_disk`` of the
            library ``datasets`` wrote, one in a published layout (see
            :func:`zoograph.data.images.published.find_published`), or the id of an image dataset on the Hugging Face
            hub. What begins with a dot, a tilde or a slash, or ends with a slash, is always a folder.
        domain: kind of images, such as ``sketch``.

    Raises:
        ZoographError: if it is none of them.
    """
    folder = Path(dataset).expanduser()
    if is_saved(folder):
        return task_from_saved(folder, domain)
    if (published := find_published(folder)) is not None:
        return published(domain)
    if folder.exists() or dataset.startswith((".", "~", os.sep)) or dataset.endswith("/"):
        return task_from_folder(dataset, domain)
    return task_from_hub(dataset, domain)


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


def read_card(folder: Path, domain: str | None = None) -> DatasetCard:
    """Return the card of a folder of images, or of one that ``save_to_disk`` wrote; no image is opened.

    Raises:
        ZoographError: if it is neither.
    """
    if (published := find_published(folder)) is not None:
        return published(domain).card
    return task_from_saved(folder, domain).card if is_saved(folder) else dataset_card_from_folder(folder, domain)


def task_from_saved(folder: Path, domain: str | None = None) -> ImageTask:
    """Return the task of a folder that ``save_to_disk`` of the library ``datasets`` wrote.

    Raises:
        ImageTaskError: see :func:`task_from_hub`.
    """
    datasets = _import_datasets()
    try:
        loaded = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise ImageTaskError(
            f"The folder '{folder}' must hold a dataset that 'save_to_disk' wrote (got: {error}). Save it again."
        ) from error
    return _task_of(loaded, folder.resolve().name, f"datasets, {folder.name}", domain, [folder])


def task_from_hub(name: str, domain: str | None = None) -> ImageTask:
    """Return the task of an image dataset on the Hugging Face hub; it is downloaded if it is not cached.

    Its splits are joined by the names of their classes, see :func:`zoograph.data.tasks.splits.join_splits`.

    Args:
        name: its id, such as ``owner/name``.
        domain: kind of images.

    Raises:
        ImageTaskError: if it cannot be loaded, or has no column of images or of class labels.
    """
    datasets = _import_datasets()
    try:
        with hub_or_cache() as why_not:
            loaded = datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        if why_not is not None:
            reason = f"{why_not}, and the cache does not have it"
        raise ImageTaskError(
            f"The dataset '{name}' must be a folder of images or a dataset on the Hugging Face hub "
            f"(got: {reason}). Check the name, or give the path of a folder."
        ) from error
    return _task_of(loaded, name, "Hugging Face hub", domain, _caches())


def _caches() -> list[Path]:
    """Return the folders into which the libraries of the hub download."""
    from huggingface_hub import constants

    return [Path(_import_datasets().config.HF_DATASETS_CACHE), Path(constants.HF_HUB_CACHE)]


def _import_datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ImageTaskError(
            "Datasets of the Hugging Face hub need the library 'datasets'. "
            "Install it with 'pip install \"zoograph[hub-datasets]\"', or give a folder of images."
        ) from error
    return datasets


def _task_of(loaded: Any, id: str, source: str, domain: str | None, roots: Sequence[Path]) -> ImageTask:
    """Return the task of a ``Dataset``, or of the splits in a ``DatasetDict``; its files lie in one of ``roots``."""
    splits = _choose_splits(loaded, id)
    image, label = _columns_of(splits[Split.TRAIN], id)
    labels = {split: _labels_of(rows, image, label) for split, rows in splits.items()}
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


def _choose_splits(loaded: Any, id: str) -> dict[Split, Any]:
    """Return the splits by what they are for: the one to train on is called so, or is the first."""
    if not isinstance(loaded, dict):
        return {Split.TRAIN: loaded}
    meant: dict[Split, str] = {}
    for name in loaded:
        if (split := split_named(name)) is not None:
            meant.setdefault(split, name)
    if Split.TRAIN not in meant and len(loaded) > 1:
        _log.warning("'%s' has no training split: its first one, '%s', is trained on.", id, next(iter(loaded)))
    first = meant.setdefault(Split.TRAIN, next(iter(loaded)))
    chosen = {split: name for split, name in meant.items() if split is Split.TRAIN or name != first}
    if unused := [name for name in loaded if name not in chosen.values()]:
        _log.warning("Splits of '%s' that are not used: %s.", id, ", ".join(map(repr, unused)))
    return {split: loaded[name] for split, name in chosen.items()}


def _labels_of(rows: Any, image: str, label: str) -> list[str | None]:
    """Return the name of the class of each row; None where it has none, and for all if there is no such column."""
    column = label if _is_label(rows.features.get(label)) else _find_label(rows)
    if image not in rows.features or column is None:
        return [None] * len(rows)
    names, values = getattr(rows.features[column], "names", None), rows[column]
    if names is None:
        return [value or None for value in values]
    return [names[value] if value is not None and 0 <= value < len(names) else None for value in values]


def _columns_of(split: Any, id: str) -> tuple[str, str]:
    """Return the names of the first column of images and of the column of labels."""
    image = next((name for name, feature in split.features.items() if _is_kind(feature, "Image")), None)
    label = _find_label(split)
    if image is None or label is None:
        words, way = "class labels", "dataset.class_encode_column(NAME)"
        if image is None:
            words, way = "images", "dataset.cast_column(NAME, datasets.Image())"
        raise ImageTaskError(
            f"The dataset '{id}' must have a column of {words} (got {', '.join(split.features)}). "
            f"Make one with '{way}' and save it."
        )
    return image, label


def _find_label(rows: Any) -> str | None:
    """Return the first column of class labels; else the one that is called so, if it holds texts."""
    named = [name for name, feature in rows.features.items() if _is_kind(feature, "ClassLabel")]
    texts = [name for name in rows.features if name.casefold() in _LABELS and _is_label(rows.features[name])]
    return next(iter([*named, *texts]), None)


def _is_label(feature: Any) -> bool:
    return _is_kind(feature, "ClassLabel") or getattr(feature, "dtype", None) in ("string", "large_string")


def _is_kind(feature: Any, kind: str) -> bool:
    return isinstance(feature, getattr(_import_datasets(), kind))


def _reader(split: Any, column: str, roots: Sequence[Path]) -> Callable[[int], bytes]:
    encoded = split.select_columns([column]).cast_column(column, _import_datasets().Image(decode=False))

    def read(row: int) -> bytes:
        image = encoded[row][column]
        if image is None:
            raise UnreadableFile(Unreadable.EMPTY)
        if image["bytes"] is not None:
            content: bytes = image["bytes"]
            return content
        return read_image_file(_find_inside(image["path"], roots))

    return read


def _find_inside(path: str | None, roots: Sequence[Path]) -> Path:
    """Return the file that a row names, if it lies in one of the folders that a dataset may read.

    Raises:
        UnreadableFile: if it does not.
    """
    for root in roots:
        file = Path(root, path or "").resolve()
        if path and file.is_relative_to(root.resolve()):
            return file
    raise UnreadableFile(Unreadable.NO_FILE)
