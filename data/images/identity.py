"""The digest of a folder of images, by which it is known again wherever it lies and whatever it is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.folder import read_folder
from zoograph.data.images.published import find_published
from zoograph.data.tasks.loaded import is_saved

_MOST_READ, _MOST_BYTES = 64, 65_536
_DEEPEST = 4  # below this lie no files of a published layout, but links may go in circles


def folder_digest(folder: Path) -> str:
    """Return two digests of a folder, of its classes and of its content; its own name and place do not count.

    Both are beginnings of SHA-256, 8 and 16 hexadecimal digits with a dash between them: over the names of its
    sub-folders; and over the names and sizes of all images in them and the beginnings (64 KiB) of 64 images that are
    spread evenly, so that images of equal sizes differ too. Where there are none, as in a dataset that the library
    ``datasets`` saved, all files count. Hidden ones never do.

    Raises:
        ImageFolderError: if a file cannot be read.
    """
    try:
        whole = is_saved(folder) or find_published(folder) is not None
        chosen, folders = _list_saved(folder) if whole else _list_images(folder)
        classes = hashlib.sha256(repr(sorted(folders)).encode())
        digest = hashlib.sha256(repr(chosen).encode())
        for name, _ in chosen[:: max(1, -(-len(chosen) // _MOST_READ))]:
            with (folder / name).open("rb") as file:
                digest.update(hashlib.sha256(file.read(_MOST_BYTES)).digest())
    except OSError as error:
        raise ImageFolderError(
            f"The folder '{folder}' must be readable (got {error.strerror or error}). Check its permissions."
        ) from error
    return f"{classes.hexdigest()[:8]}-{digest.hexdigest()[:16]}"


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
