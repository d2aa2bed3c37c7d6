"""What the library of the hub loads: splits by name, labels by column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.tasks.loaded import choose_splits, find_label, is_saved, labels_of, load_saved, saved_features
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import TaskError


@pytest.fixture(scope="module")
def datasets() -> Any:
    return pytest.importorskip("datasets")


def _rows(datasets: Any, labels: list[Any]) -> Any:
    rows = datasets.Dataset.from_dict({"words": ["a"] * len(labels), "kind": labels})
    return rows.cast_column("kind", datasets.ClassLabel(names=["cat", "dog"]))


def test_splits_are_chosen_by_what_they_are_for(datasets: Any, caplog: pytest.LogCaptureFixture) -> None:
    loaded = {"extra": "e", "dev": "d", "train": "t"}
    assert choose_splits(loaded, "pets") == {Split.VALIDATION: "d", Split.TRAIN: "t"}
    assert "Splits of 'pets' that are not used: 'extra'." in caplog.text
    assert choose_splits("alone", "pets") == {Split.TRAIN: "alone"}
    assert choose_splits({"first": 1, "test": 2}, "pets") == {Split.TRAIN: 1, Split.TEST: 2}


def test_labels_are_names(datasets: Any) -> None:
    rows = _rows(datasets, [0, 1, -1, None])
    assert find_label(rows) == "kind"
    assert labels_of(rows, "words", "kind") == ["cat", "dog", None, None]
    assert labels_of(rows, "pictures", "kind") == [None] * 4


def test_a_saved_folder_says_its_features_without_the_library(datasets: Any, tmp_path: Path) -> None:
    _rows(datasets, [0, 1]).save_to_disk(tmp_path / "pets")
    assert is_saved(tmp_path / "pets")
    (features,) = saved_features(tmp_path / "pets")
    assert features["kind"]["_type"] == "ClassLabel"
    assert len(load_saved(tmp_path / "pets")) == 2


def test_a_folder_that_only_looks_saved_is_refused(datasets: Any, tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text(json.dumps({}))
    with pytest.raises(TaskError, match="must hold a dataset that 'save_to_disk' wrote"):
        load_saved(tmp_path)
    assert list(saved_features(tmp_path)) == []
