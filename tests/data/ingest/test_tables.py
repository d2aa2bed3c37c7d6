"""Tables: what can be read comes out row by row, and what cannot costs its own line only."""

from __future__ import annotations

import csv
import os
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from zoograph.data.errors import RawDataError, ZoographError
from zoograph.data.ingest.formats.text_lines import LONGEST_LINE
from zoograph.data.ingest.tables import Reject, Row, open_table


def _write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _rows(path: Path) -> list[tuple[int, object]]:
    """Return the line of each row, with its cells or with the reason why there are none."""
    return [(row.line, dict(row.cells) if isinstance(row, Row) else row.reason) for row in open_table(path).rows()]


def test_csv_gives_cells_by_column(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.csv", '\ufeffmodel,dataset\r\na,"x,\ny"\r\n\r\nb,"say ""hi"""\r\n')
    assert open_table(path).columns == ["model", "dataset"]
    assert _rows(path) == [
        (2, {"model": "a", "dataset": "x,\ny"}),
        (5, {"model": "b", "dataset": 'say "hi"'}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = _write(tmp_path / "r.txt", f"model{delimiter}dataset\na{delimiter}b\n")
    assert _rows(path) == [(2, {"model": "a", "dataset": "b"})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_lines_end_as_on_any_machine(tmp_path: Path, end: str) -> None:
    path = _write(tmp_path / "r.csv", end.join(("model,dataset", "a,b", 'c,"d', 'e"', "")))
    assert next(cells for _, cells in _rows(path)) == {"model": "a", "dataset": "b"}
    assert [cells for _, cells in _rows(path)][1]["dataset"].split() == ["d", "e"]


@pytest.mark.parametrize("first", ["sep=|", "SEP=|", '"sep=|"', "sep=|||"])
def test_the_line_that_tells_excel_the_separator_is_obeyed(tmp_path: Path, first: str) -> None:
    path = _write(tmp_path / "r.csv", f"\ufeff{first}\r\nmodel|a, b; c, d\r\nx|y\r\n")
    assert _rows(path) == [(3, {"model": "x", "a, b; c, d": "y"})]


def test_a_header_can_begin_late_and_go_over_lines(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.csv", '\n\nmodel,"top-1\n(%), new"\na,b\n')
    assert _rows(path) == [(5, {"model": "a", "top-1 (%), new": "b"})]


@pytest.mark.parametrize(
    ("header", "fault"),
    [('model,dataset,acc 5"', "a quote"), ('model,"dataset', "a quote"), ("m," + "x" * 200_000, "field")],
)
def test_a_header_that_is_no_csv_is_refused(tmp_path: Path, header: str, fault: str) -> None:
    csv.field_size_limit(131_072)  # Python's, which readers of long texts raise
    with pytest.raises(RawDataError, match=f"needs a header that is CSV .got: {fault}"):
        open_table(_write(tmp_path / "r.csv", f"{header}\na,b,0.5\n"))


def test_text_of_a_byte_order_mark_is_read_as_it_says(tmp_path: Path) -> None:
    for name, text in (("r.txt", "model\tdataset\nä\tb\n"), ("r.json", '[{"model": "ä", "dataset": "b"}]')):
        for encoding in ("utf-16", "utf-8-sig"):
            (tmp_path / name).write_bytes(text.encode(encoding))
            assert [cells for _, cells in _rows(tmp_path / name)] == [{"model": "ä", "dataset": "b"}]


def test_bad_lines_of_csv_cost_themselves_alone(tmp_path: Path) -> None:
    lines = [
        b"m,d",
        b"a,b,c",
        b"a",
        b'a,"b',
        b"good,1",
        b'a"b,2',
        b"good,3",
        b"\xff,b",
        b"a\0,b",
        b'a,"b" c',
        b"x" * (LONGEST_LINE + 5) + b",b",
        b"good,4",
        b'"last,5',
    ]
    assert _rows(_write(tmp_path / "r.csv", b"\n".join(lines))) == [
        (2, "the row needs 2 cells (got 3)"),
        (3, "the row needs 2 cells (got 1)"),
        (4, "a quote is never closed"),
        (5, {"m": "good", "d": "1"}),
        (6, "a quote is never closed"),
        (7, {"m": "good", "d": "3"}),
        (8, "the line is no UTF-8"),
        (9, "the line has a NUL in it"),
        (10, "the row is no CSV: ',' expected after '\"'"),
        (11, "the line is longer than 1,048,576 characters"),
        (12, {"m": "good", "d": "4"}),
        (13, "a quote is never closed"),
    ]


def test_a_cell_of_any_size_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with path.open("wb") as file:
        file.write(b"m,d\na,")
        for _ in range(64):
            file.write(b"x" * 2**20)
        file.write(b"\ngood,1\n")
    tracemalloc.start()
    rows = _rows(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [line for line, _ in rows] == [2, 3]
    assert peak < 2**24


def test_many_open_quotes_cost_a_line_each(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.csv", "m,d\n" + 'a,"b\n' * 3_000)
    assert _rows(path) == [(line, "a quote is never closed") for line in range(2, 3_002)]


def test_guarded_formulas_are_what_they_were(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.csv", "m,d\n'=1+1,'s Hertogenbosch\n")
    assert _rows(path) == [(2, {"m": "=1+1", "d": "'s Hertogenbosch"})]


def test_json_lines_give_what_is_in_the_objects(tmp_path: Path) -> None:
    lines = [
        '{"model": "a", "hyperparameters": {"lr": 0.1}}',
        '{"model": "b", "more": 1}',
        "",
        "[1]",
        '{"model": ',
        '{"model": "\\ud800"}',
        "[" * 200_000,
        "1" * 5_000,
    ]
    path = _write(tmp_path / "r.jsonl", "\n".join(lines))
    assert open_table(path).columns == ["model", "hyperparameters", "more"]
    first, second, *others = _rows(path)
    assert first == (1, {"model": "a", "hyperparameters": {"lr": 0.1}})
    assert second == (2, {"model": "b", "more": 1})
    assert [line for line, _ in others] == [4, 5, 6, 7, 8]
    assert all(isinstance(reason, str) and reason.startswith("the line is no JSON") for _, reason in others)


def test_parquet_gives_single_precision_as_it_was_written(tmp_path: Path) -> None:
    table = pa.table({"model": ["a", None], "acc": pa.array([0.8, None], pa.float32()), "n": [1, 2]})
    parquet.write_table(table, tmp_path / "r.parquet")
    assert _rows(tmp_path / "r.parquet") == [
        (1, {"model": "a", "acc": "0.8", "n": 1}),
        (2, {"model": None, "acc": None, "n": 2}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.xlsx", b"", r"needs to be CSV, JSON or Parquet \(.csv, "),
        ("r.csv", b"", "needs a header as UTF-8 text .got: it is empty"),
        ("r.csv", b"m\xff,d\n", "needs a header as UTF-8 text .got: the line is no UTF-8"),
        ("r.csv", b"m,m\n", "has two columns 'm'"),
        ("r.parquet", b"PAR1garbage", "is no Parquet file that can be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(RawDataError, match=message):
        open_table(_write(tmp_path / name, content))


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.parquet"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RawDataError, match=r"cannot be read .No such file"):
        open_table(tmp_path / name)


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    table = open_table(_write(tmp_path / "r.csv", "m,d\n"))
    before = table.stamp()
    assert table.stamp() == before
    _write(tmp_path / "r.csv", "m,d\na,b\n")
    assert table.stamp() != before


def test_rejects_keep_what_was_there(tmp_path: Path) -> None:
    (reject,) = open_table(_write(tmp_path / "r.csv", "m,d\na\n")).rows()
    assert reject == Reject(2, "the row needs 2 cells (got 1)", "a")


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ZoographError, match=r"pip install 'zoograph\[parquet\]'"):
        open_table(_write(tmp_path / "r.parquet", b""))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK", "Save the sheet as CSV"),
        ("a.csv.gz", b"", "Unpack it first"),
        ("events.out.tfevents.1.host", b"", "Export the scalars of TensorBoard"),
        ("a.log", b"", "Give it the ending of its kind"),
        ("a.jsonl", b'[{"model": "m"}]', "one JSON object a line .got: the line is no JSON object"),
        ("a.json", b'{"model": "m"}\n{"model": "n"}', "Extra data.*let it end in '.jsonl'"),
        ("a.json", b'[{"model": "m", "model": "n"}]', "it says 'model' twice"),
    ],
)
def test_files_of_another_kind_are_told_what_to_do(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RawDataError, match=message):
        open_table(tmp_path / name)


def test_a_line_that_says_something_twice_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"value": 0.9}\n{"value": 0.9, "value": 0.1}\n')
    first, second = open_table(path).rows()
    assert (isinstance(first, Row), isinstance(second, Reject) and second.reason) == (
        True,
        "the line is no JSON: it says 'value' twice",
    )


def test_parquet_of_other_programs(tmp_path: Path) -> None:
    """Text that is not marked as such, an index of pandas, and two columns of one name."""

    def write(table: Any) -> Any:
        parquet.write_table(table, tmp_path / "a.parquet")
        return open_table(tmp_path / "a.parquet")

    (row,) = write(pa.table({"model": pa.array([b"vit"]), "pets": [0.9]})).rows()
    assert row.cells == {"model": "vit", "pets": 0.9}
    for name, column in (("model", "model"), (None, "")):
        frame = pd.DataFrame({"pets": [0.9], "birds": [0.8]}, index=pd.Index(["vit"], name=name))
        table = write(pa.Table.from_pandas(frame))
        assert (list(table.columns), [row.cells for row in table.rows()]) == (
            [column, "pets", "birds"],
            [{column: "vit", "pets": 0.9, "birds": 0.8}],
        )
    with pytest.raises(RawDataError, match="has two columns 'pets'"):
        write(pa.Table.from_arrays([pa.array([0.9]), pa.array([0.1])], names=["pets", "pets"]))


@pytest.mark.timeout(10)
def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "zero.json", "folder.csv"):
        with pytest.raises(RawDataError, match="needs to be a file, which can be read twice"):
            open_table(tmp_path / name)
