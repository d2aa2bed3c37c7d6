"""Lines of text files, whatever ends them: each with its number and what is wrong with it, and never all at once."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LONGEST_LINE = 1 << 20  # characters
_SAMPLE = 1_000  # characters that are kept of a line with a fault


class Line(NamedTuple):
    """One line, without what ends it; ``fault`` is empty if it can be read."""

    number: int
    text: str
    fault: str = ""


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of UTF-8 text, or of UTF-16 that begins with a byte order mark.

    Lines end with a line feed, a carriage return (as on old Macs) or both. Of a line that is too long only the
    beginning is kept.

    Args:
        path: of the file, which is open until the lines end or nobody asks for more.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as begin:
        wide = begin.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding, errors = ("utf-16", "replace") if wide else ("utf-8", "surrogateescape")
    number = 0
    with path.open(encoding=encoding, errors=errors, newline=None) as file:
        while raw := file.readline(LONGEST_LINE):
            number += 1
            whole = raw.endswith("\n") or len(raw) < LONGEST_LINE
            if not whole:
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                    pass
            line = raw.removeprefix("\ufeff") if number == 1 else raw
            checked = _check(number, line.removesuffix("\n"), whole)
            lost = wide and "\ufffd" in checked.text  # as what is no UTF-16 is read
            yield checked._replace(fault="the line is no UTF-16") if lost else checked


def _check(number: int, text: str, whole: bool) -> Line:
    if not whole:
        return Line(number, text[:_SAMPLE], f"the line is longer than {LONGEST_LINE:,} characters")
    if "\0" in text:
        return Line(number, text, "the line has a NUL in it")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = text[:_SAMPLE].encode(errors="surrogateescape").decode(errors="replace")
            return Line(number, shown, "the line is no UTF-8")
    return Line(number, text)
