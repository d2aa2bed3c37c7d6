"""Columns: a header tells the layout, and a row of it becomes measurements."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import Matrix, Measurement, Tidy, find_layout, show, to_plain, to_text
from zoograph.data.ingest.tables import Reject, Row, RowTable


def _table(*columns: str) -> RowTable:
    return RowTable("r.csv", [Row(1, dict.fromkeys(columns, "x"))])


def test_known_names_are_found_in_any_case() -> None:
    layout = find_layout(_table("Model_Name", "DATASET", "metrics.accuracy", "Seed", "model.family", "lr"), {})
    assert layout == Tidy(
        {
            "model": "Model_Name",
            "dataset": "DATASET",
            "value": "metrics.accuracy",
            "seed": "Seed",
            "model.family": "model.family",
        }
    )


def test_the_first_choice_of_several_columns_is_the_fields_own_name() -> None:
    layout = find_layout(_table("model", "model_name", "dataset", "value", "top1"), {})
    assert layout == Tidy({"model": "model", "dataset": "dataset", "value": "value"})


def test_a_mapped_column_is_no_candidate_for_another_field() -> None:
    layout = find_layout(_table("model", "dataset", "acc", "top1"), {"value": "top1", "seed": "acc"})
    assert layout == Tidy({"value": "top1", "seed": "acc", "model": "model", "dataset": "dataset"})


@pytest.mark.parametrize(
    ("columns", "layout"),
    [
        (("model", "pets", "birds"), Matrix("model", rows_are_datasets=False)),
        (("Unnamed: 0", "pets"), Matrix("Unnamed: 0", rows_are_datasets=False)),
        (("dataset", "resnet", "vit"), Matrix("dataset", rows_are_datasets=True)),
    ],
)
def test_a_matrix_begins_with_a_column_of_names(columns: tuple[str, ...], layout: Matrix) -> None:
    assert find_layout(_table(*columns), {}) == layout


def test_a_matrix_that_was_mapped_or_has_no_names_is_refused() -> None:
    with pytest.raises(RawDataError, match="has no column for the dataset"):
        find_layout(_table("model", "pets", "birds"), {"seed": "birds"})
    many = [f"column {place}" for place in range(25)]
    with pytest.raises(RawDataError, match=r"column 19 and 5 more\). Say which with --map model=COLUMN"):
        find_layout(_table(*many), {})


def test_what_the_user_says_of_all_rows_needs_no_column() -> None:
    layout = find_layout(_table("model", "top1", "top1_err", "img_size"), {}, dataset="pets")
    assert layout == Tidy({"model": "model", "value": "top1", "input_size": "img_size"}, dataset="pets")
    (found,) = layout.measurements(Row(2, {"model": "a", "top1": "91", "top1_err": "9", "img_size": "224"}))
    assert found == Measurement(2, "a", "pets", "91", {"input_size": "224"})
    with pytest.raises(RawDataError, match=r"no column for the model and the dataset .*--model NAME --dataset NAME"):
        find_layout(_table("eval_accuracy"), {})


def test_a_name_in_a_row_comes_before_that_of_all_rows() -> None:
    layout = Tidy({"model": "m", "dataset": "d", "value": "v"}, model="all", dataset="every")
    found = [next(iter(layout.measurements(Row(1, {"m": model, "d": "b", "v": 1})))) for model in ("a", "")]
    assert [(item.model, item.dataset) for item in found if isinstance(item, Measurement)] == [("a", "b"), ("all", "b")]


def test_validation_accuracy_is_a_second_choice() -> None:
    assert find_layout(_table("model", "dataset", "test_accuracy", "val_acc"), {}).columns["value"] == "test_accuracy"
    assert find_layout(_table("model", "dataset", "val_acc"), {}).columns["value"] == "val_acc"
    lightning = _table("model", "dataset", "epoch", "step", "train_acc", "val_acc", "test_acc", "val_loss")
    assert find_layout(lightning, {}).columns["value"] == "test_acc"


def test_accuracy_on_training_images_is_never_the_value() -> None:
    for more in ("epoch", "val_loss"):
        layout = find_layout(_table("model", "dataset", "accuracy", "val_accuracy", more), {})
        assert layout.columns["value"] == "val_accuracy"
    both = _table("model", "dataset", "acc", "val_acc")
    with pytest.raises(RawDataError, match=r"'acc' beside 'val_acc'.*--map value=val_acc, or --map value=acc"):
        find_layout(both, {})
    assert find_layout(both, {"value": "acc"}).columns["value"] == "acc"


@pytest.mark.parametrize(
    "column",
    [
        *("Acc@1", "Top-1 Acc (%)", "Top 1 Accuracy", "test/acc1", "val/acc", "Validation Accuracy", "eval_top1"),
        *("metrics/accuracy_top1", "metrics.val_acc", "TOP-1", "Accuracy [%]"),
    ],
)
def test_the_value_has_many_spellings(column: str) -> None:
    layout = find_layout(_table("Model Name", "Data-Set", column, "metrics/accuracy_top5", "val_top5"), {})
    assert layout.columns == {"model": "Model Name", "dataset": "Data-Set", "value": column}
    (item,) = layout.measurements(Row(2, {"Model Name": "a", "Data-Set": "b", column: 0.5, "val_top5": 0.9}))
    assert (item.value, item.hyperparameters) == ("0.5", {})


def test_a_tidy_row_is_one_measurement_with_all_that_it_says() -> None:
    layout = Tidy({"model": "m", "dataset": "d", "value": "v", "seed": "seed", "model.family": "model.family"})
    cells = {"m": " a ", "d": "b", "v": 0.5, "seed": 3, "model.family": "cnn", "lr": "1e-1", "opt": "", "id": "7"}
    assert list(layout.measurements(Row(4, cells))) == [
        Measurement(4, "a", "b", "0.5", {"seed": "3"}, {"lr": 0.1}, {"model.family": "cnn"})
    ]


def test_settings_in_json_are_joined_with_the_other_columns() -> None:
    layout = Tidy({"model": "m", "dataset": "d", "value": "v", "hyperparameters": "h"})
    row = {"m": "a", "d": "b", "v": "1", "h": '{"lr": 0.1, "none": null}', "steps": "010", "note": "1_000"}
    (found,) = layout.measurements(Row(1, row))
    assert isinstance(found, Measurement)
    assert found.hyperparameters == {"lr": 0.1, "none": None, "steps": 10, "note": "1_000"}
    (bad,) = layout.measurements(Row(1, {**row, "h": "[1]"}))
    assert isinstance(bad, Reject)
    assert bad.reason == "the hyperparameters are no JSON object: got list"


def test_a_row_of_a_matrix_is_a_measurement_a_cell() -> None:
    row = Row(2, {"names": "resnet", "pets": "0.5", "birds": "", "cars": None})
    assert list(Matrix("names", rows_are_datasets=False).measurements(row)) == [Measurement(2, "resnet", "pets", "0.5")]
    assert list(Matrix("names", rows_are_datasets=True).measurements(row)) == [Measurement(2, "pets", "resnet", "0.5")]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" a ", "a"),
        (None, ""),
        (0.1, "0.1"),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        ({"a": 1}, '{"a": 1}'),
        ([1, None], "[1, null]"),
    ],
)
def test_a_cell_of_any_kind_has_a_text(cell: Any, text: str) -> None:
    assert to_text(cell) == text


def test_settings_are_what_json_can_hold() -> None:
    given = {"a": math.inf, "b": (1, {2: math.nan}), "c": datetime(2024, 1, 2, tzinfo=UTC)}
    plain = to_plain(given)
    assert plain == {"a": None, "b": [1, {"2": None}], "c": "2024-01-02T00:00:00+00:00"}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_settings_that_are_nested_too_deeply_cost_their_row_alone() -> None:
    layout = Tidy({"model": "m", "dataset": "d", "value": "v", "hyperparameters": "h"})
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    row = {"m": "a", "d": "b", "v": "1"}
    for cells, reason in (
        ({**row, "note": deep}, "a setting is nested more than 50 deep"),
        ({**row, "h": "[" * 50_000}, "the hyperparameters are no JSON object: maximum recursion depth"),
    ):
        (bad,) = layout.measurements(Row(1, cells))
        assert isinstance(bad, Reject)
        assert bad.reason.startswith(reason)


def test_a_row_is_shown_as_one_line() -> None:
    assert show({"a": "größe\n", "b": datetime(2024, 1, 2, tzinfo=UTC)}) == (
        '{"a": "größe\\n", "b": "2024-01-02 00:00:00+00:00"}'
    )
