"""Rows of numbers in memory-mapped files: each row is as it was written or not there; more can come later."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike, NDArray

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import PRIVATE, replacing
from zoograph.data.files.counts import count_of

_HASHES = "hashes"
_DONE = "done"
"""Where the first zoograph said which rows are finished, without a hash of what is in them."""

_log = logging.getLogger(__name__)


class RowStore:
    """One file of float32 for each field, and one with a hash of each row that is finished.

    A row gets its hash only after all of its fields are on their way to the disk: a run that is killed in between does
    the row again, and so does one that finds another row than was written. One process writes at a time; any number
    may read.
    """

    def __init__(self, folder: Path, fields: Mapping[str, tuple[int, ...]], rows: int) -> None:
        """Open the files, made or made longer if they have fewer than ``rows`` rows.

        Args:
            folder: made if it is missing.
            fields: name -> shape of a row.
            rows: how many there are to be; longer files keep what they have beyond.

        Raises:
            ZoographError: if a file is damaged, or holds rows of another shape.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._fields = {name: _open(folder / f"{name}.npy", shape, np.float32, rows) for name, shape in fields.items()}
        # Last: where rows are said to be finished, the fields are as long.
        self._hashes = _open(folder / f"{_HASHES}.npy", (), np.uint64, rows)
        self.rows = rows
        self._take_over(folder / f"{_DONE}.npy")

    def __getitem__(self, field: str) -> NDArray[np.float32]:
        """Return the (rows, ...) values of a field, mapped; those of unfinished rows mean nothing."""
        return self._fields[field][: self.rows]

    @property
    def done(self) -> NDArray[np.bool_]:
        """(rows,) Whether each is finished, and still what was written."""
        claimed = np.flatnonzero(self._hashes[: self.rows])
        whole = [row for row in claimed.tolist() if self._hashes[row] == self._hash(row)]
        if len(whole) < len(claimed):
            count, folder = len(claimed) - len(whole), Path(str(self._hashes.filename)).parent
            _log.warning("%s of '%s' changed on disk, and will be computed again.", count_of(count, "row"), folder)
        done = np.zeros(self.rows, dtype=np.bool_)
        done[whole] = True
        return done

    def write(self, row: int, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Write all fields of a row, and then its hash.

        Raises:
            ValueError: if a field is missing or a value is not finite.
        """
        if values.keys() != self._fields.keys():
            raise ValueError(f"'values' must be {', '.join(self._fields)} (got {', '.join(values)})")
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise ValueError(f"'{name}' must be finite (got NaN or infinity in row {row})")
            self._fields[name][row] = value
            self._fields[name].flush()
        self._hashes[row] = self._hash(row)
        self._hashes.flush()

    def _hash(self, row: int) -> int:
        """Return a hash of 64 bits of what is in a row, never 0, which stands for a row that is not finished."""
        digest = hashlib.blake2b(digest_size=8)
        for name in sorted(self._fields):
            digest.update(np.ascontiguousarray(self._fields[name][row]).tobytes())
        return int.from_bytes(digest.digest(), "little") or 1

    def _take_over(self, old: Path) -> None:
        """Give rows that the first zoograph finished their hashes; those beyond what is asked for are done again."""
        if not old.exists():
            return
        for row in np.flatnonzero(_open(old, (), np.bool_, 0)[: self.rows]):
            self._hashes[row] = self._hash(int(row))
        self._hashes.flush()
        old.unlink()


def _open(path: Path, shape: tuple[int, ...], kind: DTypeLike, rows: int) -> np.memmap[tuple[int, ...], np.dtype]:
    if not path.exists():
        _replace(path, np.zeros((0, *shape), kind), rows)
    try:
        held = open_memmap(path, mode="r+")
    except (ValueError, OSError) as error:
        raise ZoographError(f"'{path}' must be an array (got: {error}). Remove its folder and start again.") from error
    if held.shape[1:] != shape or held.dtype != np.dtype(kind):
        raise ZoographError(
            f"'{path}' must hold rows of {np.dtype(kind)} {shape} (got {held.dtype} {held.shape[1:]}). "
            "Remove its folder and start again."
        )
    if len(held) < rows:
        _replace(path, held, rows)
        held = open_memmap(path, mode="r+")
    return held


def _replace(path: Path, held: NDArray[np.generic], rows: int) -> None:
    """Put a file of ``rows`` rows in the place of a shorter one, in one step."""
    with replacing(path, mode=PRIVATE) as temporary:
        longer = open_memmap(temporary, mode="w+", dtype=held.dtype, shape=(rows, *held.shape[1:]))
        longer[: len(held)] = held
        longer.flush()
