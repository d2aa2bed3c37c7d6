"""The header of a safetensors file, looked at before any library reads the file: its size, entries and their places."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MOST_ENTRIES = 20_000
MOST_HEADER_BYTES = 16_000_000
_LENGTH = 8


def check_safetensors_file(path: Path, most_entries: int = MOST_ENTRIES) -> None:
    """Raise unless a file has a header that keeps nobody busy; see :func:`check_safetensors`.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no such file, and why.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        size = path.stat().st_size
        _check_length(length, size, MOST_HEADER_BYTES)
        _check_entries(file.read(length), size - _LENGTH - length, most_entries)


def check_safetensors(raw: bytes, most_entries: int = MOST_ENTRIES, most_header_bytes: int = MOST_HEADER_BYTES) -> None:
    """Raise unless the content of a file has a header that keeps nobody busy.

    A million entries take minutes, an entry that is there twice is read by one library from here and by another from
    there, and two entries in one place are no two tensors.

    Raises:
        ValueError: if it is no such file, has too long a header or too many entries, an entry twice, or entries that
            overlap, leave a gap or reach beyond the end.
    """
    length = int.from_bytes(raw[:_LENGTH], "little")
    _check_length(length, len(raw), most_header_bytes)
    _check_entries(raw[_LENGTH : _LENGTH + length], len(raw) - _LENGTH - length, most_entries)


def _check_length(length: int, size: int, most: int) -> None:
    if size < _LENGTH or length > size - _LENGTH:
        raise ValueError("it is no safetensors file, or is cut short")
    if length > most:
        raise ValueError(f"its header is longer than {most:,} bytes")


def _check_entries(header: bytes, num_bytes: int, most: int) -> None:
    if header.count(b'"data_offsets"') > most:
        raise ValueError(f"it has more than {most:,} entries")
    try:
        entries = json.loads(header, object_pairs_hook=_as_dict)
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError("it is no safetensors file: its header cannot be read") from error
    if not isinstance(entries, dict):
        raise ValueError("it is no safetensors file: its header has no entries")
    entries.pop("__metadata__", None)
    if len(entries) > most:
        raise ValueError(f"it has more than {most:,} entries")
    end = 0
    for start, stop, name in sorted(_place(name, entry) for name, entry in entries.items()):
        if start != end or stop < start:
            raise ValueError(f"its entry {name!r} overlaps another one, or leaves a gap before it")
        end = stop
    if end != num_bytes:
        raise ValueError(f"its entries end after {end:,} of {num_bytes:,} bytes")


def _as_dict(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it has the entry {name!r} twice")
        found[name] = value
    return found


def _place(name: str, entry: Any) -> tuple[int, int, str]:
    place = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(place, list) or len(place) != 2 or not all(type(number) is int for number in place):
        raise ValueError(f"its entry {name!r} has no place")
    return place[0], place[1], name
