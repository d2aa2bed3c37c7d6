"""Lines of text: their ends, their encodings and their faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.ingest.formats.text_lines import LONGEST_LINE, Line, read_lines


def _lines(path: Path, content: bytes) -> list[Line]:
    path.write_bytes(content)
    return list(read_lines(path))


def test_lines_end_with_a_feed_a_return_or_both(tmp_path: Path) -> None:
    assert _lines(tmp_path / "a", b"\xef\xbb\xbfa\rb\r\nc\n\nd") == [
        Line(number, text) for number, text in enumerate(("a", "b", "c", "", "d"), start=1)
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding in ("utf-16", "utf-8-sig") else "\ufeff"
    assert [line.text for line in _lines(tmp_path / "a", f"{mark}ä\rb".encode(encoding))] == ["ä", "b"]


def test_faults_stay_on_their_line(tmp_path: Path) -> None:
    long = b"x" * (LONGEST_LINE + 1)
    lines = _lines(tmp_path / "a", b"ok\n\xff\n" + long + b"\na\0b\nok")
    assert [line.fault for line in lines] == [
        "",
        "the line is no UTF-8",
        "the line is longer than 1,048,576 characters",
        "the line has a NUL in it",
        "",
    ]
    assert (lines[1].text, len(lines[2].text)) == ("\ufffd", 1_000)
    assert _lines(tmp_path / "b", "\ufeffa".encode("utf-16-le") + b"\x00\xd8")[0].fault == "the line is no UTF-16"
