"""Splits: what models learn from is told by the column and the name."""

from __future__ import annotations

import pytest

from zoograph.data.ingest.formats.splits import find_training_split, is_training_name


@pytest.mark.parametrize("name", ["train", "Training", "train_set", "train[:90%]", "train+validation", "Train loss"])
def test_names_of_the_training_split_are_told(name: str) -> None:
    assert is_training_name(name)


@pytest.mark.parametrize("name", ["test", "validation", "trainval", "", "trained on it", "untrained"])
def test_others_are_not(name: str) -> None:
    assert not is_training_name(name)


def test_the_column_has_to_be_one_of_splits() -> None:
    assert find_training_split({"Split": " train "}) == "train"
    assert find_training_split({"phase": "val", "optimizer": "train", "split": 3}) is None
