"""Columns: which one of a table holds the samples, and which one what is to be predicted of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from zoograph.data.tasks.loaded import LABEL_NAMES
from zoograph.data.tasks.splits import Split, split_named
from zoograph.data.tasks.tables import Table
from zoograph.data.tasks.task import TaskError

_MORE_LABEL_NAMES = ("intent", "sentiment", "topic", "emotion", "stars", "rating", "genre", "polarity", "y", "tag")
_SPLIT_NAMES = ("split", "set", "subset", "partition", "fold")
_MOST_LOOKED_AT = 1000
WORDY = 3
"""Mean words of a column that is no label."""


class Columns(NamedTuple):
    """The columns of a table; None where they are to be guessed, and where there is none.

    Attributes:
        text: the samples.
        label: their classes.
        split: what each sample is for.
        target: real values, in the place of classes.
    """

    text: str | None = None
    label: str | None = None
    split: str | None = None
    target: str | None = None


_UNNAMED = Columns()
_named: ContextVar[Columns] = ContextVar("zoograph_columns", default=_UNNAMED)


@contextmanager
def naming_columns(text: str | None = None, label: str | None = None, target: str | None = None) -> Iterator[None]:
    """Say which columns hold what, as long as the block lasts; None leaves one as it was.

    Args:
        text: the texts.
        label: their classes.
        target: real values that are to be predicted, in the place of classes.
    """
    before = _named.get()
    token = _named.set(Columns(text or before.text, label or before.label, None, target or before.target))
    try:
        yield
    finally:
        _named.reset(token)


def named_columns() -> Columns:
    """Return what :func:`naming_columns` said."""
    return _named.get()


def list_named() -> list[tuple[str, str]]:
    """Return the columns that :func:`naming_columns` named, each with the option that names it."""
    wanted = named_columns()
    named = (("--text-column", wanted.text), ("--label-column", wanted.label), ("--target", wanted.target))
    return [(option, name) for option, name in named if name is not None]


def require_named(table: Table, id: str, error: type[TaskError] = TaskError) -> Columns:
    """Return what :func:`naming_columns` said.

    Raises:
        TaskError: if a table lacks a column that was named.
    """
    for option, name in list_named():
        if name not in table.columns:
            raise error(
                f"The column '{name}' of '{id}' must be one of {list_columns(table)} (got another). "
                f"Name one with {option}."
            )
    return named_columns()


def guess_label(table: Table, samples: str | None) -> str | None:
    """Return the column of classes by its name, or else the one that repeats most; None if none does.

    Args:
        table: with a row at least.
        samples: the column of the samples.
    """
    others = {name: cells for name, cells in table.columns.items() if name != samples}
    folded = {name.casefold(): name for name in others}
    for name in (*sorted(LABEL_NAMES), *_MORE_LABEL_NAMES, "labels", "tags", "ner_tags"):
        if name in folded:
            return folded[name]
    if (named := next((name for name in others if name in table.class_names), None)) is not None:
        return named
    variety = {
        name: len({str(cell) for cell in cells})
        for name, cells in others.items()
        if name.casefold() not in _SPLIT_NAMES and mean_words(cells) < WORDY
    }
    fitting = {name: number for name, number in variety.items() if 2 <= number <= len(others[name]) // 2}
    return min(fitting, key=lambda name: fitting[name], default=None)


def find_split(table: Table, taken: Sequence[str | None]) -> str | None:
    """Return the column that says which split a row belongs to; None if none does."""
    for name, cells in table.columns.items():
        if name not in taken and name.casefold() in _SPLIT_NAMES:
            values = {str(cell) for cell in cells if cell not in (None, "")}
            if values and all(split_named(value) is not None for value in values):
                return name
    return None


def divide_rows(cells: Sequence[Any]) -> Mapping[Split, list[int]]:
    """Return the rows of each split from the cells of its column; those that name none are left out."""
    places: dict[Split, list[int]] = {}
    for row, cell in enumerate(cells):
        if (split := split_named(str(cell))) is not None:
            places.setdefault(split, []).append(row)
    return places


def mean_words(cells: Sequence[Any]) -> float:
    """Return how many words a text of a column has on average; 0 if it holds none."""
    texts = [cell for cell in cells[:_MOST_LOOKED_AT] if isinstance(cell, str) and cell.strip()]
    if not texts or not any(re.search(r"[^\W\d_]", text) for text in texts):
        return 0.0
    return sum(len(text.split()) for text in texts) / len(texts)


def list_columns(table: Table) -> str:
    """Return the names of the columns, in quotes."""
    return ", ".join(repr(name) for name in table.columns) or "no columns"
