"""The digest of a folder of images, by which it is known again wherever it lies and whatever it is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.folder import read_folder
from zoograph.data.images.masks import find_masks
from zoograph.data.images.published import find_published
from zoograph.data.images.tables import open_table
from zoograph.data.images.task import UnreadableFile, find_inside
from zoograph.data.tasks.loaded import is_saved

_MOST_READ, _MOST_BYTES = 64, 65_536
_DEEPEST = 4  # below this lie no files of a published layout, but links may go in circles


def folder_digest(folder: Path) -> str:
    """Return two digests of a folder or a table, of its classes and of its content; its name and place do not count.

    Both are beginnings of SHA-256, 8 and 16 hexadecimal digits with a dash between them: over the names of its
    sub-folders; and over the names and sizes of all images in them and the beginnings (64 KiB) of 64 images that are
    spread evenly, so that images of equal sizes differ too. Where there are none, as in a dataset that the library
    ``datasets`` saved, all files count. Hidden ones never do. Of a table its images count, with their targets.

    Raises:
        ImageFolderError: if a file cannot be read.
    """
    try:
        chosen, folders = _list_all(folder)
        classes = hashlib.sha256(repr(sorted(folders)).encode())
        digest = hashlib.sha256(repr(chosen).encode())
        root = folder if folder.is_dir() else folder.parent
        there = [name for name, size, *_ in chosen if size is not None]
        for name in there[:: max(1, -(-len(there) // _MOST_READ))]:
            with (root / name).open("rb") as file:
                digest.update(hashlib.sha256(file.read(_MOST_BYTES)).digest())
    except OSError as error:
        raise ImageFolderError(
            f"The folder '{folder}' must be readable (got {error.strerror or error}). Check its permissions."
        ) from error
    return f"{classes.hexdigest()[:8]}-{digest.hexdigest()[:16]}"


def _list_all(folder: Path) -> tuple[Sequence[tuple[Any, ...]], set[str]]:
    """Return path and size of everything that counts, and the names of the classes or the folders."""
    if not folder.is_dir():
        return _list_table(folder)
    whole = is_saved(folder) or find_published(folder) is not None or find_masks(folder) is not None
    return _list_saved(folder) if whole else _list_images(folder)


def _list_table(place: Path) -> tuple[list[tuple[str, int | None, float]], set[str]]:
    """Return path, size (None if it is not there) and class or value of every image of a table, and its classes."""
    task = open_table(place)
    sizes: list[int | None] = []
    for name in task.names:
        sizes.append(None)
        with suppress(UnreadableFile, FileNotFoundError):
            sizes[-1] = find_inside(name, [place.parent]).stat().st_size
    targets = task.labels if task.values is None else task.values.numbers
    return list(zip(task.names, sizes, targets, strict=True)), set(task.target_names)


def _list_images(folder: Path) -> tuple[list[tuple[str, int]], set[str]]:
    """Return relative path and size of every image that belongs to a class, sorted, and the folders of the classes."""
    found = read_folder(folder)
    depth = 2 if found.splits else 1
    names = sorted(name for name, _ in found.files)
    folders = {"/".join(name.split("/", depth)[:depth]) for name in names}
    return [(name, (folder / name).stat().st_size) for name in names], folders


def _list_saved(folder: Path) -> tuple[list[tuple[str, int]], set[str]]:
    """Return relative path and size of every file in a folder and its sub-folders, sorted, and these sub-folders."""
    files = sorted(_list_files(folder))
    return files, {name.rpartition("/")[0] for name, _ in files}


def _list_files(folder: Path, inside: str = "") -> Iterator[tuple[str, int]]:
    """Yield relative path and size of every file in a folder and the folders below, some levels deep."""
    with os.scandir(folder / inside) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_file():
                yield inside + entry.name, entry.stat().st_size
            elif inside.count("/") < _DEEPEST and entry.is_dir():
                yield from _list_files(folder, f"{inside}{entry.name}/")
