"""Histories: the epochs of one training are one run, its last value or its best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import Tidy, find_layout
from zoograph.data.ingest.formats.history import HistoryTable, is_history, read_history
from zoograph.data.ingest.tables import Keep, Reject, Row, RowTable, open_table

# As Lightning's CSVLogger writes it: training and validation have rows of their own.
LIGHTNING = [
    {"epoch": "0", "step": "9", "train_loss": "2.0", "val_acc": "", "lr": "0.1"},
    {"epoch": "0", "step": "9", "train_loss": "", "val_acc": "0.7", "lr": ""},
    {"epoch": "1", "step": "19", "train_loss": "1.0", "val_acc": "", "lr": "0.1"},
    {"epoch": "1", "step": "19", "train_loss": "", "val_acc": "0.6", "lr": ""},
]


def _read(rows: Sequence[dict[str, Any]], keep: Keep | None = None, preferred: Keep = Keep.LAST) -> HistoryTable:
    table = RowTable("metrics.csv", [Row(line, row) for line, row in enumerate(rows, start=2)], keep=preferred)
    layout = find_layout(table, {}, model="vit", dataset="pets")
    assert isinstance(layout, Tidy)
    return read_history(table, layout, keep)


@pytest.mark.parametrize(
    ("columns", "expected"), [(("Epoch", "acc"), True), (("step",), True), (("model", "epochs"), False)]
)
def test_a_history_has_a_column_of_time(columns: tuple[str, ...], expected: bool) -> None:
    assert is_history(columns) is expected


def test_the_last_value_is_the_result_and_a_note_says_so() -> None:
    table = _read(LIGHTNING)
    (row,) = table.rows()
    assert isinstance(row, Row)
    assert row.line == 5
    assert dict(row.cells) == {"epoch": "1", "step": "19", "val_acc": "0.6", "lr": "0.1"}
    assert list(table.notes) == [
        "metrics.csv is the history of one training: the last 'val_acc' (epoch 1, step 19: 0.6) is the result, and "
        "the other 1 values are no runs; --keep best takes the best."
    ]


@pytest.mark.parametrize("table", [_read(LIGHTNING, Keep.BEST), _read(LIGHTNING, preferred=Keep.BEST)])
def test_the_best_value_can_be_asked_for_and_the_table_can_prefer_it(table: HistoryTable) -> None:
    (row,) = table.rows()
    assert isinstance(row, Row)
    assert row.cells["val_acc"] == "0.7"
    assert "--keep last takes the last" in table.notes[0]


def test_time_decides_which_is_last_and_not_the_order_of_the_rows() -> None:
    (row,) = _read(LIGHTNING[::-1]).rows()
    assert isinstance(row, Row)
    assert row.cells["val_acc"] == "0.6"


def test_trainings_are_told_apart_by_their_fields_and_runs() -> None:
    rows = [
        {"run": run, "seed": seed, "epoch": epoch, "acc": value, "optimizer": "sgd"}
        for run, seed, epoch, value in (("a", 0, 1, 0.1), ("a", 0, 2, 0.2), ("b", 0, 1, 0.3), ("a", 1, 1, 0.4))
    ]
    table = _read(rows)
    assert [dict(row.cells)["acc"] for row in table.rows() if isinstance(row, Row)] == [0.2, 0.3, 0.4]
    assert "is the history of 3 trainings: the last 'acc' is the result" in table.notes[0]


def test_rows_that_are_runs_of_their_own_need_no_note_and_rejects_stay() -> None:
    reject = Reject(3, "the row needs 2 cells (got 1)")
    table = RowTable("r.csv", [Row(2, {"epoch": 30, "acc": 0.5}), reject])
    layout = find_layout(table, {}, model="vit", dataset="pets")
    assert isinstance(layout, Tidy)
    found = read_history(table, layout)
    assert (list(found.rows()), list(found.notes), found.stamp()) == (
        [reject, Row(2, {"epoch": 30, "acc": 0.5})],
        [],
        None,
    )


def test_rows_on_the_training_split_are_passed_over_and_counted() -> None:
    rows = [
        {"model": "vit", "dataset": "pets", "epoch": epoch, "phase": phase, "accuracy": value}
        for epoch, phase, value in ((1, "train", 0.8), (1, "val", 0.6), (2, "val", 0.7), (2, "train", 0.99))
    ]
    table = RowTable("log", [Row(line, cells) for line, cells in enumerate(rows, 2)])
    history = read_history(table, Tidy({"model": "model", "dataset": "dataset", "value": "accuracy"}))
    assert [row.cells["accuracy"] for row in history.rows() if isinstance(row, Row)] == [0.7]
    assert history.notes[0] == "log: 2 rows on the training split were passed over."


def test_decimal_commas_tell_the_best_value(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("model;dataset;epoch;accuracy\nvit;pets;1;91,4\nvit;pets;2;90,9\n")
    table = open_table(path)
    layout = find_layout(table, {})
    assert isinstance(layout, Tidy)
    history = read_history(table, layout, Keep.BEST)
    assert [row.cells["accuracy"] for row in history.rows() if isinstance(row, Row)] == ["91,4"]


def _results(columns: str, *rows: str) -> list[tuple[str, str]]:
    names = columns.split(",")
    cells = [dict(zip(names, row.split(","), strict=True)) for row in rows]
    table = RowTable(
        "log", [Row(line, {"model": "vit", "dataset": "pets", **one}) for line, one in enumerate(cells, 2)]
    )
    history = read_history(table, Tidy({"model": "model", "dataset": "dataset", "value": "accuracy"}))
    return [(row.cells.get("lr", ""), row.cells["accuracy"]) for row in history.rows() if isinstance(row, Row)]


def test_runs_of_a_sweep_that_say_their_last_epoch_are_runs() -> None:
    columns = "lr,epoch,accuracy,loss"
    found = _results(columns, "0.1,30,0.9,1", "0.01,30,0.85,2", "0.001,30,0.8,3")
    assert found == [("0.1", "0.9"), ("0.01", "0.85"), ("0.001", "0.8")]
    assert _results(columns, "0.1,1,0.5,1", "0.2,1,0.4,2", "0.1,2,0.6,3", "0.2,2,0.7,4") == [
        ("0.1", "0.6"),
        ("0.2", "0.7"),
    ]


def test_a_setting_that_changes_within_a_training_tells_nothing_apart() -> None:
    assert [value for _, value in _results("lr,epoch,accuracy", "0.1,1,0.5", "0.05,2,0.6", "0.02,3,0.7")] == ["0.7"]


def test_time_that_begins_anew_is_another_training_and_a_resumed_one_goes_on() -> None:
    columns = "epoch,accuracy"
    assert [value for _, value in _results(columns, "1,0.5", "2,0.6", "1,0.4", "2,0.7")] == ["0.6", "0.7"]
    assert [value for _, value in _results(columns, "1,0.5", "2,0.6", "2,0.61", "3,0.8")] == ["0.8"]
    with pytest.raises(RawDataError, match=r"mixes the rows of several trainings, .* Add a column 'run'"):
        _results(columns, "1,0.5", "1,0.4", "2,0.6", "2,0.7")
