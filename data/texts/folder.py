"""Folders of texts: one sub-folder of ``.txt`` files a class, or tables called after the splits."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zoograph.data.images.listing import image_suffixes
from zoograph.data.tasks.encoding import decode
from zoograph.data.tasks.splits import Split, split_named
from zoograph.data.tasks.tables import SUFFIXES
from zoograph.data.texts.errors import TextTaskError
from zoograph.data.texts.task import RawRows

_UNLABELLED = frozenset({"unsup", "unlabelled", "unlabeled"})
_log = logging.getLogger(__name__)


def holds_text_files(folder: Path) -> bool:
    """Return whether a folder has two sub-folders with ``.txt`` files, and not one image."""
    classes = set()
    for path, inside in _walk(folder):
        ending = path.suffix.lower()
        if ending in image_suffixes():
            return False
        if ending == ".txt" and inside:
            classes.add(path.parent)
    return len(classes) > 1


def find_tables(folder: Path) -> list[Path]:
    """Return the tables in a folder, or in its folder ``data``, where the hub has them; none if there are images."""
    if any(path.suffix.lower() in image_suffixes() for path, _ in _walk(folder)):
        return []
    for place in (folder, folder / "data"):
        if place.is_dir():
            found = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
            if found:
                return found
    return []


def group_tables(folder: Path, tables: list[Path]) -> dict[Split, list[Path]]:
    """Return the tables of each split; a table alone is one to train on.

    Raises:
        TextTaskError: if none is to train on.
    """
    if len(tables) == 1:
        return {Split.TRAIN: tables}
    groups: dict[Split, list[Path]] = {}
    for path in tables:
        if (split := split_named(path.stem)) is not None:
            groups.setdefault(split, []).append(path)
    others = [path.name for path in tables if split_named(path.stem) is None]
    if Split.TRAIN not in groups:
        raise TextTaskError(
            f"One table of '{folder}' must be called after the training split, such as 'train.csv' "
            f"(got {', '.join(repr(path.name) for path in tables[:10])}). Rename it, or give one file."
        )
    if others:
        _log.warning("Tables of '%s' that are called after no split are left out: %s.", folder, ", ".join(others[:10]))
    return groups


def read_text_files(folder: Path) -> dict[Split, RawRows]:
    """Return the texts of a folder with one sub-folder of ``.txt`` files for each class, in splits if it has some.

    Raises:
        TextTaskError: if a file cannot be read.
    """
    files = [path for path, inside in sorted(_walk(folder)) if inside and path.suffix.lower() == ".txt"]
    parts = {path: path.relative_to(folder).parts for path in files}
    first = {names[0]: split_named(names[0]) for names in parts.values()}
    divided = Split.TRAIN in first.values() and all(first.values()) and any(len(names) > 2 for names in parts.values())
    rows: dict[Split, tuple[list[str], list[str | None], list[str]]] = {}
    guessed: Counter[str] = Counter()
    for path, names in parts.items():
        split = first[names[0]] if divided else Split.TRAIN
        label = names[1] if divided and len(names) > 2 else names[0]
        if split is None or (divided and len(names) < 3):
            continue
        texts, labels, called = rows.setdefault(split, ([], [], []))
        text, how = _read(path)
        guessed.update([how] if how else [])
        texts.append(text)
        labels.append(None if label.casefold() in _UNLABELLED else label)
        called.append("/".join(names))
    for how, number in guessed.items():
        _log.warning("%s files of '%s' are not in UTF-8 and are read as %s.", f"{number:,}", folder, how)
    return {split: RawRows(*found) for split, found in rows.items()}


def read_named_files(folder: Path, cells: Sequence[Any], id: str) -> Sequence[Any]:
    """Return the texts in the files that cells name, or the cells themselves if they are texts.

    Cells are names if all that are filled end with ``.txt`` and one such file is there. The text of a file that is
    not there, or not inside the folder, is None, which is said.

    Args:
        folder: that names are relative to.
        cells: of the column of texts.
        id: of the dataset, for the sentence.

    Raises:
        TextTaskError: if a file cannot be read.
    """
    named = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    if not named or not all(cell.lower().endswith(".txt") for cell in named):
        return cells
    places = [Path(folder, cell).resolve() if isinstance(cell, str) and cell.strip() else None for cell in cells]
    root = folder.resolve()
    there = [place if place and place.is_relative_to(root) and place.is_file() else None for place in places]
    if not any(there):
        return cells
    if missing := len(named) - sum(place is not None for place in there):
        _log.warning("%s that '%s' names are not there.", f"{missing:,} of {len(named):,} text files", id)
    return [None if place is None else _read(place)[0] for place in there]


def _read(path: Path) -> tuple[str, str | None]:
    try:
        return decode(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "bytes in no encoding that can be told"
        raise TextTaskError(f"The text '{path}' must be a file in UTF-8 (got: {reason}). Save it again.") from error


def _walk(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield every file that is not hidden, and how many folders are between it and ``folder``."""
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        depth = len(Path(at).relative_to(folder).parts)
        yield from ((Path(at, name), depth) for name in files if not name.startswith("."))
