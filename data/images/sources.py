"""Image tasks that a name or a path leads to: a folder of images, or a dataset of the Hugging Face hub."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoograph.data.images.folder import count_images, dataset_card_from_folder, image_suffixes, is_image, scan_folder
from zoograph.data.images.task import ImageTask, ImageTaskError, file_reader, make_task

_TEST_SPLITS = ("test", "validation", "val", "valid")
_log = logging.getLogger(__name__)


def open_task(dataset: str, domain: str | None = None) -> ImageTask:
    """Return the task that ``dataset`` means.

    Args:
        dataset: a folder with one sub-folder of images for each class, a folder that ``save_to_disk`` of the
            library ``datasets`` wrote, or the id of an image dataset on the Hugging Face hub. What begins
            with a dot, a tilde or a slash, or ends with a slash, is always a folder.
        domain: kind of images, such as ``sketch``.

    Raises:
        ZoographError: if it is none of them.
    """
    folder = Path(dataset).expanduser()
    if (folder / "dataset_dict.json").is_file() or (folder / "dataset_info.json").is_file():
        return task_from_saved(folder, domain)
    if folder.exists() or dataset.startswith((".", "~", os.sep)) or dataset.endswith("/"):
        return task_from_folder(dataset, domain)
    return task_from_hub(dataset, domain)


def task_from_folder(path: str | os.PathLike[str], domain: str | None = None) -> ImageTask:
    """Return the task of a folder with one sub-folder of images for each class, sorted by their names.

    What counts as an image, and what is left out, is said by :func:`zoograph.data.images.folder.count_images`.

    Raises:
        ImageFolderError: if the folder is no classification dataset.
    """
    root = Path(path).expanduser()
    card = dataset_card_from_folder(root, domain=domain)
    classes = tuple(count_images(root))
    suffixes = image_suffixes()
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        with scan_folder(root / name) as entries:
            files = sorted(e.name for e in entries if not e.name.startswith(".") and is_image(e, suffixes))
        paths += [root / name / file for file in files]
        labels += [label] * len(files)
    names = tuple(str(path.relative_to(root)) for path in paths)
    return ImageTask(card, classes, names, tuple(labels), file_reader(paths))


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
    return _task_of(loaded, folder.resolve().name, f"datasets, {folder.name}", domain)


def task_from_hub(name: str, domain: str | None = None) -> ImageTask:
    """Return the task of an image dataset on the Hugging Face hub; it is downloaded if it is not cached.

    The train split is used, and the test split (or else the validation split) as the task's own test images.
    Images without a label are left out.

    Args:
        name: its id, such as ``owner/name``.
        domain: kind of images.

    Raises:
        ImageTaskError: if it cannot be loaded, or has no column of images or of class labels.
    """
    datasets = _import_datasets()
    try:
        loaded = datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ImageTaskError(
            f"The dataset '{name}' must be a folder of images or a dataset on the Hugging Face hub "
            f"(got: {reason}). Check the name, or give the path of a folder."
        ) from error
    return _task_of(loaded, name, "Hugging Face hub", domain)


def _import_datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ImageTaskError(
            "Datasets of the Hugging Face hub need the library 'datasets'. "
            "Install it with 'pip install \"zoograph[hub-datasets]\"', or give a folder of images."
        ) from error
    return datasets


def _task_of(loaded: Any, id: str, source: str, domain: str | None) -> ImageTask:
    """Return the task of a ``Dataset``, or of the splits in a ``DatasetDict``."""
    splits = [loaded]
    if isinstance(loaded, dict):
        first = loaded["train"] if "train" in loaded else next(iter(loaded.values()))
        own_test = next((loaded[name] for name in _TEST_SPLITS if name in loaded and loaded[name] is not first), None)
        splits = [first] if own_test is None else [first, own_test]
    columns = [_columns_of(split, id) for split in splits]
    classes: list[str] = splits[0].features[columns[0][1]].names
    names: list[str] = []
    labels: list[int] = []
    readers: list[tuple[Callable[[int], bytes], int]] = []
    is_test: list[bool] = []
    for place, (split, (image, label)) in enumerate(zip(splits, columns, strict=True)):
        read = _reader(split, image)
        for row, value in enumerate(split[label]):
            if value is None or value < 0:
                continue
            names.append(f"{id}[{split.split or place}, {row}]")
            labels.append(int(value))
            readers.append((read, row))
            is_test.append(place == 1)
    if len(labels) < sum(map(len, splits)):
        _log.warning("%d images of '%s' have no label and are left out.", sum(map(len, splits)) - len(labels), id)

    def read_row(row: int) -> bytes:
        read, place = readers[row]
        return read(place)

    return make_task(id, source, classes, names, labels, read_row, is_test if any(is_test) else None, domain)


def _columns_of(split: Any, id: str) -> tuple[str, str]:
    """Return the names of the first column of images and the first of class labels."""
    datasets = _import_datasets()
    found = []
    for kind, words in ((datasets.Image, "images"), (datasets.ClassLabel, "class labels")):
        name = next((name for name, feature in split.features.items() if isinstance(feature, kind)), None)
        if name is None:
            raise ImageTaskError(
                f"The dataset '{id}' must have a column of {words} (got {', '.join(split.features)}). "
                f"Cast one to 'datasets.{kind.__name__}' and save it."
            )
        found.append(name)
    return found[0], found[1]


def _reader(split: Any, column: str) -> Callable[[int], bytes]:
    encoded = split.select_columns([column]).cast_column(column, _import_datasets().Image(decode=False))

    def read(row: int) -> bytes:
        image = encoded[row][column]
        if image is None:
            raise ValueError("no image")
        return image["bytes"] if image["bytes"] is not None else Path(image["path"]).read_bytes()

    return read
