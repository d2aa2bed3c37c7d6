"""Models by name: names, patterns and files of these, as ``--models`` is given them."""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.networks.find_model import find_known_model, find_model
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import NameIndex

_PATTERN = frozenset("*?[")
_COLUMN = "model"
_TIMM = "timm:"
_LISTS = (".txt", ".csv")


class NamedModels(NamedTuple):
    """What names stand for.

    Attributes:
        ids: of the models, each once.
        exact: those that were named one by one.
        cards: of those that the store does not know.
    """

    ids: tuple[str, ...]
    exact: frozenset[str]
    cards: tuple[ModelCard, ...]


def find_named(
    names: NameIndex, known: Mapping[str, ModelCard], wanted: Iterable[str], *, files: bool = True
) -> NamedModels:
    """Return the models that are meant.

    Args:
        names: of the store.
        known: cards of the store.
        wanted: names; patterns such as ``resnet*``, for ids and other names in any case, and ``timm:resnet*`` for those
            of timm's weights alone; and files with one of these
            a line, or CSV with a column ``model``. A name that somebody knows is that model, whatever files there are.
        files: whether a name may be that of a file, or of something else outside the store and the libraries.

    Raises:
        UnknownName: if nobody knows a name, with the nearest ones.
        ZoographError: if no model fits a pattern, or a file cannot be read or names none.
    """
    ids: dict[str, None] = {}
    exact: set[str] = set()
    cards: list[ModelCard] = []
    for word, file in _unfold(names, wanted) if files else ((word, None) for word in wanted):
        with _told_with(file):
            if _PATTERN & set(word) and word not in known:
                ids |= dict.fromkeys(_match(word, known))
                continue
            found = find_model(names, word, anywhere=files)
        ids[found.id] = None
        exact.add(found.id)
        cards += found.cards
    return NamedModels(tuple(ids), frozenset(exact), tuple(cards))


def _unfold(names: NameIndex, wanted: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Yield names and patterns, those in files included, with the file that has them."""
    for word in wanted:
        path = Path(word).expanduser()
        if word in names.models or not _is_file(path):
            if word not in names.models and _can_only_be_a_path(word, path) and not path.is_dir():
                raise ZoographError(f"The file of models '{word}' is not there. Check the path.")
            yield word, None
        elif find_known_model(names, word) is None:
            yield from ((line, path) for line in _read_file(path))
        else:
            yield word, None


def unfold_files(wanted: Iterable[str]) -> Iterator[str]:
    """Yield names and patterns as they are written, those in files that end with ``.txt`` or ``.csv`` in their place.

    Raises:
        ZoographError: if there is no such file, or if it cannot be read or names no model.
    """
    for word in wanted:
        path = Path(word).expanduser()
        if path.suffix.lower() not in _LISTS or path.is_dir():
            yield word
        elif path.is_file():
            yield from _read_file(path)
        else:
            raise ZoographError(f"The file of models '{word}' is not there. Check the path.")


def _can_only_be_a_path(word: str, path: Path) -> bool:
    return path.suffix.lower() in _LISTS or word.startswith(("./", "../", "~")) or path.is_absolute()


@contextmanager
def _told_with(file: Path | None) -> Iterator[None]:
    """Say of an unknown name which file it stands in."""
    try:
        yield
    except UnknownName as error:
        if file is None:
            raise
        hint = f"It stands in '{file}'. Correct it there."
        raise UnknownName(error.kind, error.name, error.nearest, hint) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _read_file(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8"
        raise ZoographError(f"The file of models '{path}' cannot be read ({reason}). Check the path.") from error
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    if path.suffix.lower() == ".csv":
        rows = csv.DictReader(text.splitlines())
        if _COLUMN not in (rows.fieldnames or ()):
            raise ZoographError(f"The file of models '{path}' must have a column '{_COLUMN}'. Name it so.")
        lines = [(row[_COLUMN] or "").strip() for row in rows]
    found = [line for line in lines if line]
    if not found:
        raise ZoographError(f"The file of models '{path}' names no model. Write one a line.")
    return found


def _match(pattern: str, known: Mapping[str, ModelCard]) -> list[str]:
    folded = pattern.casefold().removeprefix(_TIMM)
    only = published_weights() if folded != pattern.casefold() else known.keys()
    found = [
        id
        for id, card in known.items()
        if id in only and any(fnmatch.fnmatchcase(name.casefold(), folded) for name in (id, *card.aliases))
    ]
    if not found:
        raise UnknownName("model", pattern, (), "No name fits the pattern; 'zoograph zoo list models' has all names.")
    return found
