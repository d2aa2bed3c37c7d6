"""Files whose headers are made to keep a reader busy, or to say two things, are refused before they are read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.files.safetensors_header import check_safetensors, check_safetensors_file


def _file(header: Any, num_bytes: int = 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"\0" * num_bytes


def _entry(start: int, stop: int) -> dict[str, Any]:
    return {"dtype": "U8", "shape": [stop - start], "data_offsets": [start, stop]}


def test_what_the_library_writes_passes(tmp_path: Path) -> None:
    raw = save({"a": np.ones(3), "b": np.ones((2, 2), np.float16), "empty": np.ones(0)}, metadata={"x": "y"})
    check_safetensors(raw)
    (tmp_path / "a.safetensors").write_bytes(raw)
    check_safetensors_file(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no safetensors file, or is cut short"),
        (b"\xff" * 8, "cut short"),
        (_file({"a": _entry(0, 8)}, 7), "end after 8 of 7 bytes"),
        (_file({"a": _entry(0, 4)}), "end after 4 of 8 bytes"),
        (_file({"a": _entry(0, 6), "b": _entry(4, 8)}), "'b' overlaps"),
        (_file({"a": _entry(0, 2), "b": _entry(4, 8)}), "leaves a gap"),
        (_file({"a": _entry(4, 0), "b": _entry(0, 8)}), "overlaps"),
        (_file(b'{"a":{"data_offsets":[0,8]},"a":{"data_offsets":[0,8]}}'), "'a' twice"),
        (_file(b'{"a":{"data_offsets":[0,8],"data_offsets":[0,8]}}'), "'data_offsets' twice"),
        (_file({"a": {"dtype": "U8"}}), "'a' has no place"),
        (_file({"a": [0, 8]}), "'a' has no place"),
        (_file({"a": {"data_offsets": [0, 8.0]}}), "'a' has no place"),
        (_file(b"[1]"), "has no entries"),
        (_file(b"{'a'"), "cannot be read"),
        (_file(b"[" * 100_000), "cannot be read"),
        (_file({"a": _entry(0, 8), "b": _entry(8, 8), "c": _entry(8, 8)}), "more than 2 entries"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, raw: bytes, reason: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(raw)
    for check in (lambda: check_safetensors(raw, 2), lambda: check_safetensors_file(path, 2)):
        with pytest.raises(ValueError, match=reason):
            check()


def test_a_million_entries_are_refused_at_once() -> None:
    entries = b",".join(b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % row for row in range(250_000))
    raw = _file(b"{" + entries + b"}", 0)
    started = time.perf_counter()
    with pytest.raises(ValueError, match="more than 20,000 entries"):
        check_safetensors(raw)
    assert time.perf_counter() - started < 1


def test_a_long_header_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 100 bytes"):
        check_safetensors(_file({"__metadata__": {"x": "y" * 200}}, 0), most_header_bytes=100)
