"""Export: every run with source, time and batch, whole or not at all, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from zoograph.data.errors import RawDataError, ZoographError
from zoograph.data.ingest.ingest import ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Run
from zoograph.data.store.export import COLUMNS, export_runs
from zoograph.data.store.store import RecordStore

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


@pytest.fixture
def _full_store(database_url: str, toy_store: RecordStore) -> None:
    formula = DatasetCard(id="=1+1", source="mine")
    run = Run.model_validate(
        {
            "source": "@mine",
            "model": "vit",
            "dataset": "=1+1",
            "protocol": "head",
            "value": 0.1 + 0.2,
            "seed": -(2**40),
            "train_size": 7,
            "hyperparameters": {"text": "1", "number": 0.1, "list": [1, None]},
            "measured_at": "2024-01-02T03:04:05.678901Z",
        }
    )
    toy_store.add(datasets=[formula], runs=[run], batch="-monday")


@pytest.mark.usefixtures("_full_store")
@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_what_was_exported_is_nothing_new(toy_store: RecordStore, tmp_path: Path, name: str) -> None:
    assert export_runs(toy_store, tmp_path / name) == 4
    report = ingest(toy_store, [open_table(tmp_path / name)])
    assert (report.tables[0].good, report.new, report.num_left_out) == (4, 0, 0)


@pytest.mark.usefixtures("_full_store")
def test_csv_guards_formulas_and_keeps_numbers(toy_store: RecordStore, tmp_path: Path) -> None:
    export_runs(toy_store, tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    (row,) = [row for row in rows if row["model"] == "vit" and row["protocol"] == "head"]
    assert (row["dataset"], row["source"], row["batch"]) == ("'=1+1", "'@mine", "'-monday")
    assert (row["value"], row["seed"], row["test_size"]) == ("0.30000000000000004", str(-(2**40)), "")
    assert row["hyperparameters"] == '{"list": [1, null], "number": 0.1, "text": "1"}'
    assert row["measured_at"] == "2024-01-02T03:04:05.678901+00:00"
    assert row["stored_at"].endswith("+00:00")
    cells = [cell for row in rows for name, cell in row.items() if name != "seed"]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@pytest.mark.usefixtures("_full_store")
def test_parquet_has_types(toy_store: RecordStore, tmp_path: Path) -> None:
    export_runs(toy_store, tmp_path / "runs.parquet")
    table = parquet.read_table(tmp_path / "runs.parquet")
    assert tuple(table.column_names) == COLUMNS
    types = {name: str(table.schema.field(name).type) for name in ("value", "seed", "stored_at", "model")}
    assert types == {
        "value": "double",
        "seed": "int64",
        "stored_at": "timestamp[us, tz=UTC]",
        "model": "string",
    }
    assert [row["dataset"] for row in table.to_pylist() if row["batch"] == "-monday"] == ["=1+1"]


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_the_same_store_gives_the_same_file(toy_store: RecordStore, tmp_path: Path, name: str) -> None:
    export_runs(toy_store, tmp_path / name)
    first = (tmp_path / name).read_bytes()
    export_runs(toy_store, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_an_export_that_fails_leaves_the_old_file(
    toy_store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text("old")

    def refuse(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(RawDataError, match=r"cannot be written .No space left on device.* Choose another place"):
        export_runs(toy_store, tmp_path / name)
    assert (tmp_path / name).read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_places_that_cannot_be_written_are_refused(toy_store: RecordStore, tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"needs to end in one of .parquet, .csv. Choose another name"):
        export_runs(toy_store, tmp_path / "runs.xlsx")
    with pytest.raises(RawDataError, match=r"cannot be written .No such file or directory"):
        export_runs(toy_store, tmp_path / "nowhere" / "runs.csv")


def test_without_pyarrow_parquet_says_what_to_install(
    toy_store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ZoographError, match=r"pip install 'zoograph\[parquet\]'"):
        export_runs(toy_store, tmp_path / "runs.parquet")
