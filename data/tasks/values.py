"""Real values in the place of classes: the numbers of a column, and what of it is none."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoograph.data.files.counts import count_of
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import TaskError

_STRATA = 10
_EMPTY, _NOT_FINITE, _TEXT = "empty", "NaN or infinite", "no number"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RealRows:
    """The rows of all splits that have a number.

    Attributes:
        rows: for each, the split that it lies in and its row there; ordered by split.
        numbers: (N,) finite.
        strata: (N,) the tenth of the numbers that each lies in, by which samples are drawn.
    """

    rows: tuple[tuple[Split, int], ...]
    numbers: tuple[float, ...]
    strata: tuple[int, ...]

    def mask(self, split: Split) -> tuple[bool, ...] | None:
        """Return which rows lie in a split; None if none does."""
        found = tuple(inside is split for inside, _ in self.rows)
        return found if any(found) else None


def keep_real(
    id: str, column: str, splits: Mapping[Split, Sequence[Any]], usable: Mapping[Split, Sequence[int]]
) -> RealRows:
    """Return the rows whose cell is a finite number; the others are counted and said.

    Args:
        id: of the dataset, for the sentences.
        column: of the values, likewise.
        splits: the cells of each split.
        usable: the rows of each split whose sample is usable.

    Raises:
        TaskError: if most cells are no numbers.
    """
    rows: list[tuple[Split, int]] = []
    numbers: list[float] = []
    refused: dict[str, list[Any]] = {_EMPTY: [], _NOT_FINITE: [], _TEXT: []}
    for split in (split for split in Split if split in splits):
        for row in usable[split]:
            found = read_number(splits[split][row])
            if isinstance(found, float):
                rows.append((split, row))
                numbers.append(found)
            else:
                refused[found].append(splits[split][row])
    left_out = sum(map(len, refused.values()))
    if left_out > len(rows):
        kind, cells = max(refused.items(), key=lambda item: len(item[1]))
        such = f", such as {str(cells[0])[:40]!r}" if kind is not _EMPTY else ""
        raise TaskError(
            f"The column '{column}' of '{id}' must hold numbers (got {len(cells):,} of {left_out + len(rows):,} that "
            f"are {kind}{such}). Name another column with --target, or leave it out if these are classes."
        )
    if left_out:
        kinds = Counter({kind: len(cells) for kind, cells in refused.items() if cells})
        which = "; ".join(f"{number:,} {'is' if number == 1 else 'are'} {kind}" for kind, number in kinds.items())
        such = f", such as {str(refused[_TEXT][0])[:40]!r}" if refused[_TEXT] else ""
        _log.warning(
            "%s of the column '%s' of '%s' %s left out: %s%s.",
            *(count_of(left_out, "value"), column, id, "is" if left_out == 1 else "are"),
            *(which, such),
        )
    return RealRows(tuple(rows), tuple(numbers), tenths(numbers))


def read_number(cell: Any) -> float | str:
    """Return the finite number in a cell; or, in a word, what is there instead.

    >>> read_number(" 3.5 "), read_number("inf"), read_number("cheap"), read_number("")
    (3.5, 'NaN or infinite', 'no number', 'empty')
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return _EMPTY
    if isinstance(cell, bool) or not isinstance(cell, int | float | str) or (isinstance(cell, str) and "_" in cell):
        return _TEXT
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return _TEXT
    return number if math.isfinite(number) else _NOT_FINITE


def tenths(numbers: Sequence[float]) -> tuple[int, ...]:
    """Return the tenth of the numbers that each lies in; equal numbers are in the same.

    >>> tenths([1.0, 2.0, 2.0, 50.0])
    (0, 3, 3, 9)
    """
    if not numbers:
        return ()
    bounds = np.quantile(numbers, np.arange(1, _STRATA) / _STRATA)
    return tuple(int(place) for place in np.searchsorted(bounds, numbers, side="left"))
