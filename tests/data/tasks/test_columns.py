"""Which column is which, whatever the samples are."""

from __future__ import annotations

import pytest

from zoograph.data.tasks.columns import (
    Columns,
    divide_rows,
    find_split,
    guess_label,
    list_columns,
    mean_words,
    named_columns,
    naming_columns,
    require_named,
)
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.tables import Table
from zoograph.data.tasks.task import TaskError

TABLE = Table({"image": ["a.png", "b.png"], "set": ["train", "test"], "kind": ["x", "x"]})


def test_names_hold_as_long_as_their_block() -> None:
    with naming_columns("body", target="price"), naming_columns(label="stars"):
        assert named_columns() == Columns("body", "stars", None, "price")
    assert named_columns() == Columns()


@pytest.mark.parametrize(("what", "option"), [("text", "text-column"), ("label", "label-column"), ("target", "target")])
def test_a_column_that_is_not_there_is_named_with_its_option(what: str, option: str) -> None:
    with (
        naming_columns(**{what: "price"}),
        pytest.raises(TaskError, match=f"'price' of 'mine' must be one of 'image', 'set', 'kind'.*--{option}"),
    ):
        require_named(TABLE, "mine")


def test_splits_are_told_by_their_names_and_their_cells() -> None:
    assert find_split(TABLE, ("image",)) == "set"
    assert find_split(TABLE, ("set",)) is None
    assert divide_rows(["train", "test", "?", "train"]) == {Split.TRAIN: [0, 3], Split.TEST: [1]}


def test_labels_repeat() -> None:
    assert guess_label(Table({"image": ["a", "b", "c", "d"], "n": [1, 2, 3, 4], "k": [1, 2, 1, 2]}), "image") == "k"
    assert guess_label(Table({"image": ["a", "b"], "Category": ["p", "q"]}), "image") == "Category"
    assert guess_label(Table({"image": ["a", "b"], "n": [1, 2]}), "image") is None


def test_words_are_counted_in_texts() -> None:
    assert mean_words(["two words", "one", None, ""]) == 1.5
    assert mean_words([1, "12 34"]) == 0.0
    assert list_columns(Table({})) == "no columns"
