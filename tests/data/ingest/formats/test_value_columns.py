"""Columns of results: names, and which of two is on images that the model learned from."""

from __future__ import annotations

import time

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.value_columns import (
    FURTHER_CHOICES,
    is_other_result,
    not_on_training_images,
    plain_name,
)
from zoograph.data.ingest.tables import Row, RowTable


def test_spellings_share_their_letters_and_digits() -> None:
    assert {plain_name(name) for name in ("Val Acc@1 (%)", "metrics.val/acc1", "val_acc-1 [top]")} == {"valacc1"}
    assert {"valacc1", "testtop1", "validationaccuracy", "evaltop1", "acctop1"} <= set().union(*FURTHER_CHOICES)


@pytest.mark.parametrize("name", ["top5", "Top5 Acc", "val_top5", "metrics/accuracy_top5", "metrics.loss", "top1_err"])
def test_other_results_are_no_settings(name: str) -> None:
    assert is_other_result(name)


@pytest.mark.parametrize("name", ["lr", "top_k", "accumulate", "val_split"])
def test_settings_are_none(name: str) -> None:
    assert not is_other_result(name)


def test_a_twin_on_validation_images_tells_what_the_other_is() -> None:
    def table(*columns: str) -> RowTable:
        return RowTable("t", [Row(1, dict.fromkeys(columns, 1))])

    assert not_on_training_images(table("accuracy", "loss"), "accuracy") == "accuracy"
    assert not_on_training_images(table("acc", "val/acc", "epoch"), "acc") == "val/acc"
    assert not_on_training_images(table("acc", "val_acc", "test_acc", "epoch"), "acc") == "test_acc"
    assert not_on_training_images(table("value", "val_value"), "value") == "value"
    with pytest.raises(RawDataError, match="'acc' beside 'valid_acc'"):
        not_on_training_images(table("acc", "valid_acc"), "acc")


def test_a_name_of_nothing_but_brackets_is_read_at_once() -> None:
    began = time.process_time()
    assert plain_name("[" * 100_000) == plain_name("(" * 100_000) == ""
    assert time.process_time() - began < 2
