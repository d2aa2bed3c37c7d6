"""Columns: rows of a table of records as arrays, with words as numbers, and runs that agree summed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.data.store.soundness.reading import Cells

Codes = NDArray[np.int32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """n rows.

    Attributes:
        words: the words of each column of text, each once.
        codes: (n,) place of each row's word among them, by column.
        numbers: (n,) columns of numbers, NaN where not known.
    """

    words: Mapping[str, Sequence[str]]
    codes: Mapping[str, Codes]
    numbers: Mapping[str, Numbers]

    @classmethod
    def empty(cls, words: Sequence[str], numbers: Sequence[str]) -> Columns:
        """Return no rows of these columns."""
        return cls(
            dict.fromkeys(words, ()),
            {name: np.zeros(0, np.int32) for name in words},
            {name: np.zeros(0) for name in numbers},
        )

    def __len__(self) -> int:
        return len(self.arrays()[0][1])

    def arrays(self) -> list[tuple[str, NDArray[Any]]]:
        """Return names and values of all columns; those of text are codes."""
        return [*self.codes.items(), *self.numbers.items()]

    def extended(self, chunks: Iterable[Sequence[Cells]]) -> Columns:
        """Return these rows, then those of ``chunks``, whose cells are in the order of the columns."""
        at = {name: {word: i for i, word in enumerate(known)} for name, known in self.words.items()}
        codes = {name: [part] for name, part in self.codes.items()}
        numbers = {name: [part] for name, part in self.numbers.items()}
        for rows in chunks:
            columns = dict(zip((*codes, *numbers), zip(*rows, strict=True), strict=True))
            for name, known in at.items():
                codes[name].append(np.array([known.setdefault(word, len(known)) for word in columns[name]], np.int32))
            for name, parts in numbers.items():
                parts.append(np.array(columns[name], np.float64))  # None becomes NaN
        return Columns(
            {name: tuple(known) for name, known in at.items()},
            {name: np.concatenate(parts) for name, parts in codes.items()},
            {name: np.concatenate(parts) for name, parts in numbers.items()},
        )

    def at(self, rows: NDArray[Any]) -> Columns:
        """Return ``rows``, positions or a mask."""
        return Columns(
            self.words,
            {name: part[rows] for name, part in self.codes.items()},
            {name: part[rows] for name, part in self.numbers.items()},
        )

    def summed(self) -> Columns:
        """Return one row for all that agree in their words, with the sums of their numbers."""
        size, key = 1, np.zeros(len(self), np.int64)
        for name, codes in self.codes.items():
            key = key * len(self.words[name]) + codes
            size *= max(1, len(self.words[name]))
            if size > 2**31:  # what occurs is numbered anew, before the next column makes the numbers too large
                found, key = np.unique(key, return_inverse=True)
                size = len(found)
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        sums = {name: np.bincount(place, part, len(first)).astype(np.float64) for name, part in self.numbers.items()}
        return Columns(self.words, {name: part[first] for name, part in self.codes.items()}, sums)

    def among(self, name: str, words: Iterable[str]) -> NDArray[np.bool_]:
        """Return (n,) which rows have one of ``words`` in a column."""
        chosen = set(words)
        return np.array([word in chosen for word in self.words[name]], bool)[self.codes[name]]

    def texts(self, name: str) -> NDArray[np.object_]:
        """Return (n,) the words of a column."""
        return np.array(self.words[name], object)[self.codes[name]]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table, whose columns of text are categories in the order of the alphabet."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for name, codes in self.codes.items():
            order = sorted(range(len(self.words[name])), key=self.words[name].__getitem__)
            place = np.empty(len(order), np.int32)
            place[order] = np.arange(len(order), dtype=np.int32)
            words = [self.words[name][i] for i in order]
            columns[name] = pd.Categorical.from_codes(place[codes], pd.Index(words, dtype="str"))
        return pd.DataFrame({**columns, **self.numbers})


def in_chunks(rows: Iterator[Cells], size: int) -> Iterator[list[Cells]]:
    """Yield so many rows at a time."""
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
