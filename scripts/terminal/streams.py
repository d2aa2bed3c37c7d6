"""The streams of a program: stdout that may be full or closed, and stderr that never stops an answer."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any


class Outlet(io.FileIO):
    """A file that takes what is written to it, whether it can be written or not; a reader that went away is told of.

    Attributes:
        lost: why something could not be written; None if all of it was.
    """

    lost: str | None = None

    def write(self, data: Any, /) -> int:
        """Write, or note why that is not possible.

        Raises:
            BrokenPipeError: if the reader has gone, such as ``head``: nobody waits for the rest.
        """
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            self.lost = error.strerror or os.strerror(error.errno or errno.EIO)
            return memoryview(data).nbytes


def prepare_streams() -> Outlet | None:
    """Make the streams of this process fit for a command, and return that of stdout.

    A stream that was closed is opened where nothing can be written: else the next file that is opened would get its
    number, and what is printed. A terminal that cannot show a sign shows a question mark. Streams that a test has put
    in their place are left alone.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number is this one
    if sys.stderr in (None, sys.__stderr__):
        sys.stderr = _open(2, sys.stderr, "backslashreplace")[0]
    if sys.stdout not in (None, sys.__stdout__):
        return None
    sys.stdout, outlet = _open(1, sys.stdout, "replace")
    return outlet


def _open(number: int, before: Any, errors: str) -> tuple[io.TextIOWrapper, Outlet]:
    if before is not None:
        before.flush()
    encoding = None if before is None else before.encoding
    try:
        outlet = Outlet(number, "w", closefd=False)
    except OSError:  # such as a folder
        outlet = Outlet(os.open(os.devnull, os.O_RDONLY), "w", closefd=False)
    buffered = io.BufferedWriter(outlet)
    by_line = number == 2 or outlet.isatty()
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=by_line), outlet
