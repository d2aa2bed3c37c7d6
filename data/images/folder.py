"""Dataset cards from a folder of images with one sub-folder for each class; no image is opened."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from zoograph.data.errors import ImageFolderError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.text.words import readable

# Pillow recognises these containers but cannot show a picture from one.
_NO_PICTURES = frozenset({"BUFR", "GRIB", "HDF5", "MPEG"})
_log = logging.getLogger(__name__)


def dataset_card_from_folder(
    path: str | os.PathLike[str], domain: str | None = None, id: str | None = None
) -> DatasetCard:
    """Return the card of a folder that holds one sub-folder of images for each class.

    Args:
        path: the folder.
        domain: kind of images, such as ``sketch``.
        id: default: the folder's name.

    Raises:
        ImageFolderError: if the folder is no classification dataset; see :func:`count_images`.
    """
    counts = count_images(path)
    folders: dict[str, str] = {}
    for name in counts:
        label = readable(name)
        if label in folders:
            raise ImageFolderError(
                f"The classes of '{path}' must have distinct names (got '{folders[label]}' and '{name}', "
                f"both read as '{label}'). Rename or join them."
            )
        folders[label] = name
    total = sum(counts.values())
    try:
        return DatasetCard(
            id=id or Path(path).resolve().name,
            source="image folder",
            domain=domain,
            labels=tuple(folders),
            num_classes=len(counts),
            num_samples=total,
            samples_per_class=total / len(counts),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ImageFolderError(
            f"The folder '{path}' must give a valid card (got {first['msg']} in "
            f"'{'.'.join(map(str, first['loc']))}'). Rename the folder, or pass another id."
        ) from error


def check_folder(dataset: str) -> None:
    """Raise if ``dataset`` is a path, by its look or because something is there, that holds no dataset of images.

    Raises:
        ImageFolderError: see :func:`count_images`. What ``save_to_disk`` of the library ``datasets`` wrote passes.
    """
    path = Path(dataset).expanduser()
    looks_like_path = dataset.startswith((".", "~", os.sep)) or dataset.endswith("/")
    is_saved = any((path / name).is_file() for name in ("dataset_dict.json", "dataset_info.json"))
    if (looks_like_path or path.exists()) and not is_saved:
        count_images(path)


def count_images(path: str | os.PathLike[str]) -> dict[str, int]:
    """Count the images in each sub-folder, in the order of the sub-folders' names.

    Every sub-folder is listed once. Hidden names are skipped; a link to a file counts as the file, a link to
    a folder is followed only to inside ``path``. A sub-folder without images is left out with a warning, and
    so are images outside the sub-folders or deeper in them.

    Raises:
        ImageFolderError: if ``path`` is missing or a file, holds no sub-folders, or if fewer than two of
            them hold images.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        got = "a file" if root.exists() else "nothing there"
        raise ImageFolderError(
            f"The dataset '{path}' must be a folder with one sub-folder of images for each class "
            f"(got {got}). Check the path."
        )
    suffixes = image_suffixes()
    classes, loose = _list_classes(root, suffixes)
    if not classes:
        got = f"{loose} images beside each other" if loose else "no sub-folders"
        raise ImageFolderError(
            f"The folder '{path}' must hold one sub-folder of images for each class (got {got}). "
            "Move the images of each class into a sub-folder named after it."
        )
    if loose:
        _log.warning("%d images in '%s' belong to no class and are left out.", loose, path)
    counts: dict[str, int] = {}
    empty: list[str] = []
    nested: list[str] = []
    for name in sorted(classes):
        images, folders = _count_class(root / name, suffixes)
        if folders:
            nested.append(name)
        if images:
            counts[name] = images
        else:
            empty.append(name)
    _require_two(str(path), counts, empty, nested)
    if empty:
        _log.warning("Classes without images in '%s' are left out: %s.", path, _some(empty))
    if deeper := [name for name in nested if name in counts]:
        _log.warning("Folders inside the classes of '%s' are left out: %s.", path, _some(deeper))
    return counts


def _require_two(path: str, counts: dict[str, int], empty: list[str], nested: list[str]) -> None:
    if len(counts) >= 2:
        return
    if not counts:
        hint = (
            f"Its sub-folders hold folders: give one of them instead, such as '{Path(path) / nested[0]}'."
            if nested
            else "Check the path and the file types."
        )
        raise ImageFolderError(f"The sub-folders of '{path}' must hold images (got none in {_some(empty)}). {hint}")
    but = f"; no images in {_some(empty)}" if empty else ""
    raise ImageFolderError(
        f"The dataset '{path}' must have at least two classes with images (got only "
        f"'{next(iter(counts))}'{but}). Add the images of another class."
    )


def _list_classes(root: Path, suffixes: frozenset[str]) -> tuple[list[str], int]:
    """Return the names of the class folders and the number of images that lie beside them."""
    inside = root.resolve()
    classes: list[str] = []
    loose = 0
    with scan_folder(root) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                classes.append(entry.name)
            elif entry.is_symlink() and entry.is_dir():
                if Path(entry.path).resolve().is_relative_to(inside):
                    classes.append(entry.name)
                else:
                    _log.warning("The link '%s' leads out of the dataset and is left out.", entry.path)
            elif is_image(entry, suffixes):
                loose += 1
    return classes, loose


def _count_class(folder: Path, suffixes: frozenset[str]) -> tuple[int, int]:
    """Return the number of images and of folders directly in ``folder``."""
    images = folders = 0
    with scan_folder(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if is_image(entry, suffixes):
                images += 1
            elif entry.is_dir(follow_symlinks=False):
                folders += 1
    return images, folders


def is_image(entry: os.DirEntry[str], suffixes: frozenset[str]) -> bool:
    """Return whether an entry is a file, or a link to one, that ends like an image."""
    return os.path.splitext(entry.name)[1].lower() in suffixes and entry.is_file()  # noqa: PTH122


@contextmanager
def scan_folder(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Yield the entries of ``folder``.

    Raises:
        ImageFolderError: if it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            yield entries
    except OSError as error:
        raise ImageFolderError(
            f"The folder '{folder}' must be readable (got {error.strerror or error}). Check its permissions."
        ) from error


@cache
def image_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats that Pillow can open."""
    from PIL import Image

    known = Image.registered_extensions()
    return frozenset(end for end, kind in known.items() if kind in Image.OPEN and kind not in _NO_PICTURES)


def _some(names: list[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names[:5])
    return quoted if len(names) <= 5 else f"{quoted} and {len(names) - 5} more"
