"""Trainings in one table: what tells them apart, where nothing is called a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import to_text

_MOST_ROWS = 100_000
# Columns of what was measured, which differs from row to row and tells nothing apart.
_MEASURED = re.compile(r"loss|acc|top.?[15]|err|f1|auc|metric|time|date|runtime|speed|second", re.IGNORECASE)

Key = tuple[str, ...]


def find_telling_columns(
    rows: Iterable[Mapping[str, Any]], fixed: Sequence[str], times: Sequence[str], others: Sequence[str]
) -> list[str] | None:
    """Return the fewest of other columns by which no training has two rows of one moment; None if there are none such.

    Only the first 100,000 rows are looked at.

    Args:
        rows: with a value.
        fixed: columns that tell trainings apart in any case.
        times: columns of the moment, such as the epoch.
        others: further columns; those of losses and the like are left out.
    """
    candidates = [name for name in others if not _MEASURED.search(name)]
    seen = [(_texts(row, fixed), _texts(row, times), _texts(row, candidates)) for row in islice(rows, _MOST_ROWS)]
    counts = [len({cells[place] for _, _, cells in seen}) for place in range(len(candidates))]
    chosen = list[int]()
    for place in sorted((place for place, count in enumerate(counts) if count > 1), key=counts.__getitem__):
        if _is_told(seen, chosen):
            break
        chosen.append(place)
    if not _is_told(seen, chosen):
        return None
    for place in chosen[:]:
        fewer = [other for other in chosen if other != place]
        chosen = fewer if _is_told(seen, fewer) else chosen
    return [candidates[place] for place in chosen]


def _texts(row: Mapping[str, Any], columns: Sequence[str]) -> Key:
    return tuple(to_text(row.get(column)) for column in columns)


def _is_told(seen: Sequence[tuple[Key, Key, Key]], chosen: Sequence[int]) -> bool:
    told = {(key, moment, tuple(cells[place] for place in chosen)) for key, moment, cells in seen}
    return len(told) == len(seen)


class Pieces:
    """Trainings that follow each other: time begins anew with each. A training that was resumed goes on.

    Args:
        name: of the table.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._first, self._last = dict[Key, tuple[float, ...]](), dict[Key, tuple[float, ...]]()
        self._count, self._resumed = dict[Key, int](), set[Key]()

    def place(self, key: Key, moment: tuple[float, ...]) -> str:
        """Return which training of a key the next row belongs to.

        Raises:
            RawDataError: if that cannot be told.
        """
        first = self._first.setdefault(key, moment)
        if key in self._last and moment <= self._last[key]:
            if moment == first:
                self._count[key] = self._count.get(key, 0) + 1
            else:
                self._resumed.add(key)
        self._last[key] = moment
        if key in self._resumed and self._count.get(key):
            raise RawDataError(
                f"'{self._name}' mixes the rows of several trainings, and no column tells which is whose. Add a column "
                "'run', or give a file for each."
            )
        return str(self._count.get(key, 0))
