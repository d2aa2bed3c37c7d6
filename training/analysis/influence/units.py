"""Units of a source, by name: which of them a person means, and how targets are called beside each other."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.training.analysis.influence.small_tasks import SmallTask


def unit_names(source: SmallTask, unit: str) -> list[str]:
    """Return the names of the classes, or of the training images: their files, else their numbers and classes."""
    if unit == "class":
        return list(source.classes)
    return list(source.train_names) or number_names(source.train_labels, source.classes)


def number_names(labels: Iterable[int], classes: Sequence[str]) -> list[str]:
    """Return a name for each of some images without files: its number and its class."""
    return [f"{row}, {classes[label]}" for row, label in enumerate(labels)]


def find_units(text: str, names: Sequence[str]) -> list[int]:
    """Return where the units of a list are among all.

    Args:
        text: names with commas between them, or a text file with one a line.
        names: of all units.

    Raises:
        UnknownName: if there is no such unit.
        ZoographError: if the list names none, or the file is no text.
    """
    path = Path(text).expanduser()
    wanted = list(filter(None, map(str.strip, _lines(path) if path.is_file() else text.split(","))))
    if not wanted:
        raise ZoographError(
            f"What is left out must be units of the source (got none in '{text}'). Name some, such as '{names[0]}'."
        )
    for name in wanted:
        if name not in names:
            raise UnknownName("unit of the source", name, difflib.get_close_matches(name, names) or list(names[:5]))
    return [names.index(name) for name in wanted]


def tell_apart(targets: Sequence[SmallTask], typed: Sequence[str]) -> list[SmallTask]:
    """Return the targets; those that would be called alike, such as two folders `test`, as they were typed."""
    called = [target.id for target in targets]
    return [
        replace(target, id=name) if called.count(target.id) > 1 else target
        for target, name in zip(targets, typed, strict=True)
    ]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ZoographError(
            f"'{path}' must be a text file with a name a line (got: {error}). Choose another file."
        ) from error
