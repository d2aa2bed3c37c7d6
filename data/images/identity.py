"""Identity of image folders: told by content, wherever a folder lies and whatever it is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.folder import is_saved, read_folder
from zoograph.data.images.published import find_published
from zoograph.data.records.names import NameIndex

CONTENT = "content:"
"""Before a digest: an alias of a dataset, by which its images are known again."""
LONGEST_NAME = 300
_MOST_READ, _MOST_BYTES = 64, 65_536


@dataclass(frozen=True)
class FolderIdentity:
    """What the store calls a folder, or would call it.

    Attributes:
        id: of the dataset.
        known: whether the store has it.
        aliases: what else it is to be called: what it is called already, its path and its content.
    """

    id: str
    known: bool
    aliases: tuple[str, ...]


def identify_folder(names: NameIndex, folder: Path, name: str) -> FolderIdentity:
    """Return which dataset of a store a folder is; a new one is called ``name`` if that is free.

    The same content at another path is the same dataset. So is a folder whose images were changed in its place, as
    long as its classes are the same; otherwise other content is another dataset. A store of an older zoograph knew
    folders by their paths alone: there the path decides until the folder is measured again.

    Args:
        names: of the store.
        folder: exists.
        name: what a new dataset would like to be called; else it is called by its path, or by name and content.
    """
    path, digest = str(folder.resolve()), folder_digest(folder)
    content = CONTENT + digest
    classes = content.partition("-")[0]
    others = {
        id
        for alias, ids in names.datasets.items()
        if alias.startswith(CONTENT) and alias.partition("-")[0] != classes
        for id in ids
    }
    by_path = [id for id in names.datasets.get(path, ()) if id not in others]
    known = next(iter([*names.datasets.get(content, ()), *by_path]), None)
    wanted = [name, *([path] if len(path) <= LONGEST_NAME else [])]
    free = [id for id in wanted if id not in names.datasets and id not in names.families]
    id = known or next(iter(free), f"{name}-{digest[-8:]}")
    old = [alias for alias, ids in names.datasets.items() if known in ids]
    aliases = dict.fromkeys(alias for alias in (*old, path, content) if alias != id and len(alias) <= LONGEST_NAME)
    return FolderIdentity(id, known is not None, tuple(aliases))


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
    """Yield relative path and size of every file in a folder and in its own sub-folders."""
    with os.scandir(folder / inside) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_file():
                yield inside + entry.name, entry.stat().st_size
            elif not inside and entry.is_dir():
                yield from _list_files(folder, f"{entry.name}/")
