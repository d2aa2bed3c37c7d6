"""Text tasks: raw rows in, usable ones out, the others counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import Values
from zoograph.data.texts.errors import TextTaskError
from zoograph.data.texts.task import (
    LOST,
    RawRows,
    TextTask,
    make_real_text_task,
    make_text_task,
    name_labels,
)


def _rows(texts: list[Any], labels: list[Any]) -> RawRows:
    return RawRows(texts, labels, [f"row {place}" for place in range(len(texts))])


def _task(texts: list[Any], labels: list[Any], **more: Any) -> TextTask:
    return make_text_task("mine", "test", {Split.TRAIN: _rows(texts, labels)}, **more)


def test_the_card_says_what_is_known() -> None:
    task = _task(["abcd", "ab", "abc", "abc "], ["pos", "neg", "pos ", "neg"], domain="reviews")
    card = task.card
    assert (card.modality, card.labels, card.num_samples, card.text_length) == ("text", ("neg", "pos"), 4, 3.25)
    assert (card.splits, card.domain) == ({"all": 4}, "reviews")
    assert task.labels == (1, 0, 1, 0)
    assert [task.read(row) for row in range(4)] == ["abcd", "ab", "abc", "abc "]
    assert task.hashes[2] == task.hashes[3]  # but for white space


def test_what_is_left_out_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    task = _task(["a", " ", None, "b", "c", "d"], [1, 2, 1, 2.0, None, ""])
    assert (task.labels, task.names, task.classes) == ((0, 1), ("row 0", "row 3"), ("1", "2"))
    assert task.card.labels == ()  # numbers say nothing
    assert "2 texts of 'mine' are empty and left out." in caplog.text
    assert "2 texts in the train split of 'mine' have no label and are left out." in caplog.text


def test_doubts_are_said(caplog: pytest.LogCaptureFixture) -> None:
    _task(["a", "a ", f"caf{LOST}", "b"], ["x", "y", "x", "y"])
    assert "1 text of 'mine' is there with different labels." in caplog.text
    assert f"1 text of 'mine' hold the sign {LOST}" in caplog.text


def test_splits_are_joined_by_the_names_of_classes() -> None:
    splits = {Split.TRAIN: _rows(["a", "b"], ["x", "y"]), Split.TEST: _rows(["c", "a", "d"], ["y", "x", "z"])}
    task = make_text_task("mine", "test", splits)
    assert (task.labels, task.is_test) == ((0, 1, 1, 0), (False, False, True, True))
    assert task.card.splits == {"train": 2, "test": 2}


def test_names_of_classes_that_come_along() -> None:
    assert _task(["a", "b", "c"], [1, 0, 7], classes=("no", "yes")).card.labels == ("no", "yes")


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["a b c", "d e"], [["O", "O", "B"], ["O", "O"]]),
        (["a b c", "d e"], ["O O B-PER", "O O"]),
        (["a b c", "d e"], ["['O', 'O', 'B']", "['O', 'B']"]),
        (["a b c", "d e f g h"], ["['war', 'drama']", "['war']"]),
        (["a b c", "d e f g h"], ["[0, 1, 0, 0]", " [1, 1, 0, 0]"]),
    ],
)
def test_a_list_of_labels_is_refused(texts: list[str], labels: list[Any]) -> None:
    with pytest.raises(TextTaskError, match=r"must be one for each text \(got a list for each in 'tags'"):
        name_labels(_rows(texts, labels), "mine", "tags")


def test_measurements_are_no_classes() -> None:
    labels = [row / 7 for row in range(100)]
    with pytest.raises(TextTaskError, match=r"must be classes \(got measurements such as 0\.142857 in 'score'\)"):
        name_labels(_rows(["a"] * 100, labels), "mine", "score")


def test_one_class_is_no_task() -> None:
    with pytest.raises(TextTaskError, match=r"must have texts of at least two classes \(got 1\)"):
        _task(["a", "b"], ["x", "x"])


def test_labels_as_they_come() -> None:
    cells = [True, 2.0, 2.5, float("nan"), " x ", ""]
    assert name_labels(_rows(["a"] * 6, cells), "mine", "label") == ["true", "2", "2.5", None, "x", None]


# -- real values --------------------------------------------------------------------------------------


def test_real_values_of_texts(caplog: pytest.LogCaptureFixture) -> None:
    rows = RawRows(["good", " ", "bad", "fair", "poor"], ["4.5", 3, "nan", 2, 1], list("abcde"))
    task = make_real_text_task("mine", "x", {Split.TRAIN: rows}, "film", "stars")
    assert (task.card.id, task.card.domain, task.card.text_length) == ("mine-stars", "film", 4.0)
    assert (task.names, task.values) == (("a", "d", "e"), Values("stars", (4.5, 2.0, 1.0)))
    assert (task.target, task.read(1), task.card.num_classes) == (Target.VALUES, "fair", None)
    assert caplog.messages == [
        "1 text of 'mine' is empty and left out.",
        "1 value of the column 'stars' of 'mine' is left out: 1 is NaN or infinite.",
    ]
    other = make_real_text_task("mine", "x", {Split.TRAIN: replace(rows, labels=[4, 3, 0, 2, 1])}, "film", "stars")
    assert other.digest != task.digest


def test_real_values_that_are_all_the_same_are_refused() -> None:
    rows = RawRows(["good", "bad"], [3, 3.0], ["a", "b"])
    with pytest.raises(TextTaskError, match=r"'stars' in 'mine-stars' must differ \(got 3 for all 2\)"):
        make_real_text_task("mine", "x", {Split.TRAIN: rows}, None, "stars")


def test_what_a_text_costs_grows_with_its_length_up_to_where_the_model_reads() -> None:
    short, long = _task(["a" * 45, "b" * 45], [0, 1]), _task(["a" * 9000, "b" * 9000], [0, 1])
    reader = ModelCard(id="e", source="t", parameters=100_000_000, modalities=("text",), max_tokens=128)
    assert short.gmacs(reader) == pytest.approx(0.1 * 12)
    assert long.gmacs(reader) == pytest.approx(0.1 * 128)
    assert long.gmacs(ModelCard(id="net", source="t", parameters=5, gmacs=4.0)) == 4.0


def test_signs_of_another_encoding_and_of_another_column_are_said(caplog: pytest.LogCaptureFixture) -> None:
    _task(["a\0b", "b"], ["x", "y"])
    assert caplog.messages == ["1 text of 'mine' with the character NUL: look at the encoding of the file."]
    caplog.clear()
    _task([f"text {row}" for row in range(10)], [f"id-{row}" for row in range(10)])
    assert caplog.messages == ["Each text of 'mine' is of a class of its own: --label-column names another column."]
