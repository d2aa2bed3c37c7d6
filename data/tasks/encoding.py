"""Encoding: bytes become text, and what had to be guessed is said."""

from __future__ import annotations

import codecs

WINDOWS = "Windows-1252"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decode(raw: bytes) -> tuple[str, str | None]:
    """Return a text and, where it is not in UTF-8 and none of the marks at its beginning says so, how it was read.

    Raises:
        UnicodeDecodeError: if it is in no encoding that can be told.

    >>> decode("naïve".encode()), decode("naïve".encode("cp1252"))
    (('naïve', None), ('naïve', 'Windows-1252'))
    """
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return raw.decode(name), None
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise
        return raw.decode("cp1252"), WINDOWS
