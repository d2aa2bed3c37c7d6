"""Rejects: the rows that did not go in, each with its file, line and reason, in a file that a spreadsheet can open."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from zoograph.data.errors import RawDataError
from zoograph.data.files.atomic import discard, make_beside, put_in_place
from zoograph.data.files.csv_cells import guard
from zoograph.data.ingest.tables import Reject

_COLUMNS = ("file", "line", "reason", "row")
_LONGEST_TEXT = 1_000
_MOST_REASONS = 20


class Rejects:
    """Collects rejects in a file beside ``path``, which replaces ``path`` when it is published, and else is removed.

    Attributes:
        reasons: the first different reasons, with how often each came.
    """

    def __init__(self, path: Path | None, *, always: bool) -> None:
        """Choose the file, None for none; unless ``always``, it is made with the first reject and not before."""
        self.reasons: dict[str, int] = {}
        self._path, self._always = path, always
        self._file: IO[str] | None = None
        self._temporary: Path | None = None

    def __enter__(self) -> Rejects:
        if self._always and self._path is not None:
            self._open(self._path)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
        if self._temporary is not None:
            discard(self._temporary)

    def add(self, file: str, reject: Reject) -> None:
        """Write one reject down."""
        if reject.reason in self.reasons or len(self.reasons) < _MOST_REASONS:
            self.reasons[reject.reason] = self.reasons.get(reject.reason, 0) + 1
        if self._path is None:
            return
        output = self._file or self._open(self._path)
        text = reject.text if len(reject.text) <= _LONGEST_TEXT else f"{reject.text[:_LONGEST_TEXT]}…"
        cells = (guard(file), reject.line, guard(reject.reason), guard(text))
        try:
            csv.writer(output, lineterminator="\n").writerow(cells)
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self) -> None:
        """Write everything to the disk, while the store is still as it was.

        Raises:
            RawDataError: if there is no room.
        """
        if self._file is not None:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._unwritable(error) from error

    def publish(self) -> Path | None:
        """Put the file in its place, and return where it is; None if there is none."""
        if self._temporary is None or self._path is None:
            return None
        try:
            put_in_place(self._temporary, self._path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._temporary = None
        return self._path

    def _open(self, path: Path) -> IO[str]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._temporary = make_beside(path)
            self._file = self._temporary.open("w", encoding="utf-8", errors="replace", newline="")
        except OSError as error:
            raise self._unwritable(error) from error
        csv.writer(self._file, lineterminator="\n").writerow(_COLUMNS)
        return self._file

    def _unwritable(self, error: OSError) -> RawDataError:
        return RawDataError(
            f"The rejects cannot be written to '{self._path}' ({error.strerror or error}). "
            "Choose another file with --rejects."
        )
