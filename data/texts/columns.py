"""Columns: which one of a table holds the texts and which one the labels, as the user says it or by a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zoograph.data.tasks.loaded import LABEL_NAMES
from zoograph.data.tasks.splits import split_named
from zoograph.data.texts.errors import TextTaskError

_TEXT_NAMES = ("text", "sentence", "texts", "content", "review", "body", "utterance", "comment", "tweet", "question")
_MORE_TEXT_NAMES = ("title", "headline", "message", "query", "document", "description", "abstract", "summary", "prompt")
_MORE_LABEL_NAMES = ("intent", "sentiment", "topic", "emotion", "stars", "rating", "genre", "polarity", "y", "tag")
_SPLIT_NAMES = ("split", "set", "subset", "partition", "fold")
_MOST_LOOKED_AT = 1000
_WORDY = 3  # mean words of a column that is no label


class Columns(NamedTuple):
    """The columns of a table; None where they are to be guessed, and where there is no column of splits."""

    text: str | None = None
    label: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows of a file or a split.

    Attributes:
        columns: name -> its cells, one a row.
        class_names: name of a column of numbers -> what these mean.
    """

    columns: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


_UNNAMED = Columns()
_named: ContextVar[Columns] = ContextVar("zoograph_columns", default=_UNNAMED)


@contextmanager
def naming_columns(text: str | None = None, label: str | None = None) -> Iterator[None]:
    """Say which columns hold the texts and the labels, as long as the block lasts; None leaves one as it was."""
    before = _named.get()
    token = _named.set(Columns(text or before.text, label or before.label))
    try:
        yield
    finally:
        _named.reset(token)


def named_columns() -> Columns:
    """Return what :func:`naming_columns` said."""
    return _named.get()


def choose_columns(table: Table, id: str) -> Columns:
    """Return the columns of texts, labels and, if there is one, splits.

    What was named is taken. Else names that such columns often have decide, then what is in them: texts are the
    column of the most words, labels the one that repeats most.

    Args:
        table: with a row at least.
        id: of the dataset, for the sentences.

    Raises:
        TextTaskError: if a column that was named is not there, or none can be guessed.
    """
    wanted = _named.get()
    for option, name in (("--text-column", wanted.text), ("--label-column", wanted.label)):
        if name is not None and name not in table.columns:
            raise TextTaskError(
                f"The column '{name}' of '{id}' must be one of {_list(table)} (got another). Name one with {option}."
            )
    text = wanted.text or _guess_text(table, wanted.label)
    label = wanted.label or _guess_label(table, text)
    for what, name in (("text", text), ("label", label)):
        if name is None:
            raise TextTaskError(
                f"'{id}' must have a column of texts and one of labels (got {_list(table)}). "
                f"Name it with --{what}-column."
            )
    return Columns(text, label, _find_split(table, (text, label)))


def _guess_text(table: Table, label: str | None) -> str | None:
    words = {name: _mean_words(cells) for name, cells in table.columns.items() if name != label}
    for name in (*_TEXT_NAMES, *_MORE_TEXT_NAMES):
        found = next((column for column in words if column.casefold() == name and words[column] > 0), None)
        if found is not None:
            return found
    best = max(words, key=lambda name: words[name], default=None)
    return best if best is not None and words[best] >= _WORDY else None


def _guess_label(table: Table, text: str | None) -> str | None:
    others = {name: cells for name, cells in table.columns.items() if name != text}
    folded = {name.casefold(): name for name in others}
    for name in (*sorted(LABEL_NAMES), *_MORE_LABEL_NAMES, "labels", "tags", "ner_tags"):
        if name in folded:
            return folded[name]
    if (named := next((name for name in others if name in table.class_names), None)) is not None:
        return named
    variety = {
        name: len({str(cell) for cell in cells})
        for name, cells in others.items()
        if name.casefold() not in _SPLIT_NAMES and _mean_words(cells) < _WORDY
    }
    fitting = {name: number for name, number in variety.items() if 2 <= number <= len(others[name]) // 2}
    return min(fitting, key=lambda name: fitting[name], default=None)


def _find_split(table: Table, taken: Sequence[str | None]) -> str | None:
    for name, cells in table.columns.items():
        if name not in taken and name.casefold() in _SPLIT_NAMES:
            values = {str(cell) for cell in cells if cell not in (None, "")}
            if values and all(split_named(value) is not None for value in values):
                return name
    return None


def _mean_words(cells: Sequence[Any]) -> float:
    """Return how many words a text of a column has on average; 0 if it holds none."""
    texts = [cell for cell in cells[:_MOST_LOOKED_AT] if isinstance(cell, str) and cell.strip()]
    if not texts or not any(re.search(r"[^\W\d_]", text) for text in texts):
        return 0.0
    return sum(len(text.split()) for text in texts) / len(texts)


def _list(table: Table) -> str:
    return ", ".join(repr(name) for name in table.columns) or "no columns"
