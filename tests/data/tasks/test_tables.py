"""Tables of texts, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.tasks.tables import read_table
from zoograph.data.tasks.task import TaskError


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", 'text,label\n"a, b\nc",1\nd,2\n'),
        ("x.csv", 'text;label\n"a, b\nc";1\nd;2\n'),
        ("x.tsv", 'text\tlabel\n"a, b\nc"\t1\nd\t2\n'),
        ("x.jsonl", '{"text": "a, b\\nc", "label": "1"}\n{"text": "d", "label": "2"}\n'),
    ],
)
def test_formats(tmp_path: Path, name: str, content: str) -> None:
    assert read_table(_write(tmp_path / name, content)).columns == {"text": ["a, b\nc", "d"], "label": ["1", "2"]}


def test_what_ends_lines_elsewhere_may_stand_in_a_text(tmp_path: Path) -> None:
    rows = [{"text": f"one{sign}two", "label": "a"} for sign in "\u2028\u2029\x85\x0b\x0c\x1c"]
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert read_table(_write(tmp_path / "x.jsonl", text)).columns["text"] == [row["text"] for row in rows]


def test_parquet_with_the_names_of_classes(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    held = pyarrow.table({"text": ["a", "b"], "label": [1, 0]}).replace_schema_metadata(about)
    parquet.write_table(held, tmp_path / "x.parquet")
    table = read_table(tmp_path / "x.parquet")
    assert (table.columns["label"], table.class_names) == ([1, 0], {"label": ["no", "yes"]})
    for odd in ("no JSON", '{"info": [1]}', "[]"):
        parquet.write_table(held.replace_schema_metadata({"huggingface": odd}), tmp_path / "z.parquet")
        assert read_table(tmp_path / "z.parquet").class_names == {}
    with pytest.raises(TaskError, match="must be a Parquet file"):
        read_table(_write(tmp_path / "y.parquet", b"nothing"))


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_table(_write(tmp_path / "x.csv", "text,label\na,1\nb\nc,d,e\n"))
    read_table(_write(tmp_path / "x.jsonl", '{"text": "a"}\n[1]\n{"text": \n'))
    assert "2 lines that have not 2 cells" in caplog.text
    assert "2 lines that hold no JSON object" in caplog.text


def test_another_encoding_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = read_table(_write(tmp_path / "x.csv", "text,label\ncafé,1\n".encode("cp1252")))
    assert table.columns["text"] == ["café"]
    assert "is not in UTF-8 and is read as Windows-1252" in caplog.text


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"text,label\n\x00\xff\xfe,1\n", "must be text in UTF-8 .* from byte"),
        (b"just a text of one column\nanother one\n", "must name its columns, two at least"),
        (b"text\r\none column\r\n", r"\(got 'text'\)"),
        (b"a,a\n1,2\n", "each once"),
        (b"text,label\n", "must hold rows"),
        (b"", "must name its columns"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, match: str) -> None:
    with pytest.raises(TaskError, match=match):
        read_table(_write(tmp_path / "x.csv", content))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"must be a file that can be read \(got: No such file"):
        read_table(tmp_path / "gone.csv")
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(TaskError, match="a folder"):
        read_table(tmp_path / "x.csv")
