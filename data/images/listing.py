"""Listing: which images a folder holds and in which folders they lie; nothing is opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from zoograph.data.errors import ImageFolderError
from zoograph.data.files.counts import count_of, some
from zoograph.data.images.reading.opening import NO_PICTURES, register_plugins
from zoograph.data.records.cards import CARD_SUFFIXES

_NOBODYS = frozenset({"thumbs.db", "desktop.ini"})
_PLUGINS = {".heic": "pillow-heif", ".heif": "pillow-heif", ".hif": "pillow-heif", ".jxl": "pillow-jxl-plugin"}
_follow: ContextVar[bool] = ContextVar("zoograph_follow_links", default=False)


@contextmanager
def following_links(chosen: bool = True) -> Iterator[None]:
    """Follow links that lead out of folders of images, as long as the block lasts; else they are left out, and said."""
    token = _follow.set(chosen)
    try:
        yield
    finally:
        _follow.reset(token)


def follows_links() -> bool:
    """Return what :func:`following_links` said."""
    return _follow.get()


@dataclass
class LeftOut:
    """What is no image, or is not followed.

    Attributes:
        endings: of files that are no images, lower case -> how many; an empty one is of files without an ending.
        outside: links that lead out of the folder.
        nowhere: links to what is not there, in a circle, or to a folder that another link of the class leads to.
        special: what is neither file nor folder, such as a pipe.
    """

    endings: Counter[str] = field(default_factory=Counter)
    outside: list[str] = field(default_factory=list)
    nowhere: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)

    def describe(self) -> list[str]:
        """Return what is left out, by kind, in the words of a sentence."""
        for names in (self.outside, self.nowhere, self.special):
            names.sort()
        plugins = {ending: _PLUGINS[ending] for ending in self.endings if ending in _PLUGINS}
        found = [
            f"{count_of(number, 'file')} "
            f"{f'''ending in '{ending}' ''' if ending else 'without an ending '}"
            f"({f'pip install {plugins[ending]} makes them readable' if ending in plugins else 'no image format'})"
            for ending, number in self.endings.most_common()
        ]
        if self.outside:
            found.append(f"{_links(self.outside)} out of it, followed with --follow-links ({some(self.outside)})")
        if self.nowhere:
            found.append(f"{_links(self.nowhere)} nowhere, in a circle or to the same place ({some(self.nowhere)})")
        if self.special:
            found.append(f"{len(self.special):,} that are neither file nor folder ({some(self.special)})")
        return found


@dataclass(frozen=True)
class Tree:
    """The images of a folder, by its own sub-folders.

    Attributes:
        root: the folder.
        files: name of a sub-folder -> paths of the images in it at any depth, relative to it, in torchvision's order.
        loose: images that lie beside the sub-folders.
        left_out: what else there was.
    """

    root: Path
    files: dict[str, tuple[str, ...]]
    loose: tuple[str, ...]
    left_out: LeftOut


def list_tree(path: str | os.PathLike[str]) -> Tree:
    """Return the images of a folder.

    Hidden names are skipped. Links are followed to inside the folder, and out of it under :func:`following_links`;
    one that leads to a folder around it is left out.

    Raises:
        ImageFolderError: if it is missing or a file, or if it or a folder in it cannot be read.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        got = "a file" if root.exists() else "nothing there"
        hint = "Check the path."
        if root.is_file() and root.suffix.lower() in CARD_SUFFIXES:
            hint = "A card has no images: 'predict' and 'recommend' answer for it."
        raise ImageFolderError(
            f"The dataset '{path}' must be a folder with one sub-folder of images for each class (got {got}). {hint}"
        )
    walk = _Walk(root)
    real = os.path.realpath(root)
    folders, loose = walk.scan(root, "", (real,))
    files = {name: tuple(_in_order(walk.below(root / name, name, chain))) for name, chain in sorted(folders.items())}
    return Tree(root, files, tuple(sorted(loose)), walk.left_out)


def _in_order(paths: Iterator[str]) -> list[str]:
    """Sort by folder and then by name, as torchvision does; folders come before what is in them."""
    return sorted(paths, key=lambda path: path.rpartition("/")[::2])


class _Walk:
    """One walk through a folder, and what it leaves out."""

    def __init__(self, root: Path) -> None:
        self._real = os.path.realpath(root)
        self._follows = _follow.get()
        self._suffixes = image_suffixes()
        self._linked: set[str] = set()
        self.left_out = LeftOut()

    def below(self, folder: Path, name: str, chain: tuple[str, ...]) -> Iterator[str]:
        """Yield the images in a folder at any depth, relative to it."""
        waiting = [("", chain)]
        self._linked = set()  # or else links between n folders would be 2ⁿ ways through them
        while waiting:
            inside, above = waiting.pop()
            folders, images = self.scan(folder / inside, f"{name}/{inside}" if inside else name, above)
            prefix = f"{inside}/" if inside else ""
            yield from (prefix + image for image in images)
            waiting += [(prefix + inner, below) for inner, below in folders.items()]

    def scan(self, folder: Path, name: str, chain: tuple[str, ...]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Return the folders in a folder, each with the real paths of all around it and its own, and the images."""
        folders: dict[str, tuple[str, ...]] = {}
        images: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        self._take(entry, f"{name}/{entry.name}" if name else entry.name, chain, folders, images)
        except OSError as error:
            raise ImageFolderError(
                f"The folder '{folder}' must be readable (got {error.strerror or error}). Check its permissions."
            ) from error
        return folders, images

    def _take(
        self,
        entry: os.DirEntry[str],
        name: str,
        chain: tuple[str, ...],
        folders: dict[str, tuple[str, ...]],
        images: list[str],
    ) -> None:
        if entry.is_symlink():
            target = self._target(entry, name, chain)
            if target is None:
                return
        else:
            target = os.path.join(chain[-1], entry.name)  # noqa: PTH118 - a million times
        if entry.is_dir():
            folders[entry.name] = (*chain, target)
        elif not entry.is_file():
            self.left_out.special.append(name)
        elif (ending := _ending(entry.name)) in self._suffixes:
            images.append(entry.name)
        elif entry.name.lower() not in _NOBODYS and ("/" in name or ending in _PLUGINS):  # a README is no loss
            self.left_out.endings[ending] += 1

    def _target(self, entry: os.DirEntry[str], name: str, chain: tuple[str, ...]) -> str | None:
        """Return the real path that a link leads to; None, taken note of, if it is not followed."""
        try:
            target = os.path.realpath(entry.path, strict=True)
        except OSError:
            self.left_out.nowhere.append(name)
            return None
        if target in self._linked or any(_is_inside(around, target) for around in chain):
            self.left_out.nowhere.append(name)
            return None
        if not (self._follows or _is_inside(target, self._real)):
            self.left_out.outside.append(name)
            return None
        if entry.is_dir():
            self._linked.add(target)
        return target


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


@cache
def image_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats that Pillow can open, with those of HEIC if its plug-in is installed."""
    from PIL import Image

    register_plugins()
    known = Image.registered_extensions()
    can_open = {*Image.OPEN, "MPO"} - NO_PICTURES  # MPO is opened as the JPEG that it begins with
    return frozenset(end for end, kind in known.items() if kind in can_open)


def _links(names: list[str]) -> str:
    return count_of(len(names), "link that leads", "links that lead")
