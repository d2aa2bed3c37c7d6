"""Rows as a table, as JSON, and as a CSV file that no spreadsheet runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.zoo.rows import Rows, put_rows

ROWS: Rows = [
    {"model": "=net", "corpora": ["a", "b"], "parameters": 1234567, "licence": None},
    {"model": "vit", "corpora": [], "parameters": None, "licence": "mit"},
]
HEADINGS = {"model": "model", "corpora": "on", "parameters": "parameters"}


def test_a_table_has_the_rows_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    put_rows("models", ROWS, HEADINGS, 1, None, as_json=False)
    printed = capsys.readouterr().out
    assert "a → b" in printed
    assert "1,234,567" in printed
    assert "vit" not in printed
    assert "2 models; the first 1 are shown, --limit 0 shows all." in printed
    put_rows("models", ROWS, HEADINGS, 0, None, as_json=False)
    assert "vit" in capsys.readouterr().out


def test_json_and_csv_have_all_rows_and_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "models.csv"
    put_rows("collections", ROWS, HEADINGS, 1, path, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["collections"], answer["file"]) == (ROWS, str(path))
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {"model": "'=net", "corpora": "a; b", "parameters": "1234567", "licence": ""}
    assert (second["corpora"], second["licence"]) == ("", "mit")


def test_a_file_that_cannot_be_written_is_an_error_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZoographError, match="Choose another place with --csv"):
        put_rows("models", ROWS, HEADINGS, 0, tmp_path, as_json=False)
    assert capsys.readouterr().out == ""


def test_the_store_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path))
    (tmp_path / "zoograph.db").write_text("records")
    with pytest.raises(ZoographError, match=r"would be replaced\. Choose another file with --csv"):
        put_rows("models", ROWS, HEADINGS, 0, tmp_path / "zoograph.db", as_json=False)
    assert (tmp_path / "zoograph.db").read_text() == "records"
