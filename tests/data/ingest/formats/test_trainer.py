"""The Trainer's files: one row a result, or one an evaluation, and which of these the Trainer kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.trainer import is_benchmark_result, keeps_best, read_results
from zoograph.data.ingest.ingest import IngestSettings, ingest
from zoograph.data.ingest.tables import Keep, open_table
from zoograph.data.store.store import RecordStore

STATE = {
    "best_metric": 0.9,
    "log_history": [
        {"epoch": 1.0, "step": 10, "loss": 0.5},
        {"epoch": 1.0, "step": 10, "eval_accuracy": 0.9, "eval_loss": 0.3, "eval_runtime": 2.0},
        {"epoch": 2.0, "step": 20, "eval_accuracy": 0.8},
    ],
}


def test_results_are_one_row_of_the_accuracy_on_test_images_and_the_sizes() -> None:
    found = read_results(
        {"eval_accuracy": 0.9, "test_accuracy": 0.8, "epoch": 3.0, "eval_samples": 50, "train_samples": 70, "loss": 1.0}
    )
    assert found == [{"epoch": 3.0, "test_accuracy": 0.8, "train_size": 70, "test_size": 50}]


def test_a_history_has_a_row_for_each_evaluation() -> None:
    rows = read_results(STATE)
    assert [(row["epoch"], row["step"], row["eval_accuracy"]) for row in rows] == [(1.0, 10, 0.9), (2.0, 20, 0.8)]
    assert keeps_best(STATE)
    assert not keeps_best({**STATE, "best_metric": 0.3})  # a loss
    assert not keeps_best({"best_metric": 0.9})


def test_a_list_is_its_own_rows_and_others_are_none() -> None:
    assert read_results([{"a": 1}]) == [{"a": 1}]
    assert [read_results(document) for document in ([], [1], 3, None, {"a": [1]})] == [[]] * 5
    assert read_results({"my_acc": 0.5, "nested": {}}) == [{"my_acc": 0.5}]


@pytest.mark.parametrize(("keep", "value"), [(None, 0.9), (Keep.LAST, 0.8), (Keep.BEST, 0.9)])
def test_the_checkpoint_that_was_kept_is_the_result_unless_the_user_says_otherwise(
    toy_store: RecordStore, tmp_path: Path, keep: Keep | None, value: float
) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(STATE), encoding="utf-8")
    report = ingest(toy_store, [open_table(path)], IngestSettings(model="vit", dataset="pets", keep=keep))
    assert (report.new, report.tables[0].layout) == (1, "history")
    assert toy_store.snapshot().runs["value"].tolist().count(value) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is no JSON that can be read"),
        ("[]", "needs to be a list of rows, or what the Hugging Face Trainer writes"),
        ('{"scores": {}, "mteb_version": "2"}', "is a result of MTEB. Give the folder of the results with --mteb"),
    ],
)
def test_other_json_says_what_to_give(tmp_path: Path, document: str, message: str) -> None:
    (tmp_path / "r.json").write_text(document, encoding="utf-8")
    with pytest.raises(RawDataError, match=message):
        open_table(tmp_path / "r.json")


@pytest.mark.parametrize(("document", "is_one"), [({"scores": {}, "mteb_version": ""}, True), ({"scores": 1}, False)])
def test_results_of_mteb_are_told(document: Any, is_one: bool) -> None:
    assert is_benchmark_result(document) is is_one
