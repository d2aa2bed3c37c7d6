"""Which column holds the texts and which the labels."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.tasks.columns import Columns, named_columns, naming_columns
from zoograph.data.tasks.tables import Table
from zoograph.data.texts.columns import choose_columns
from zoograph.data.texts.errors import TextTaskError

_LONG = ["what a film this was", "never again will I see it"] * 10


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"text": _LONG, "label": ["x", "y"] * 10}, ("text", "label", None)),
        ({"id": [str(row) for row in range(20)], "Review": _LONG, "stars": [1, 5] * 10}, ("Review", "stars", None)),
        ({"foo": _LONG, "n": [str(row) for row in range(20)], "bar": ["x", "y"] * 10}, ("foo", "bar", None)),
        ({"title": _LONG, "text": _LONG, "class": ["a", "b"] * 10}, ("text", "class", None)),
        ({"text": _LONG, "label": ["x"] * 20, "split": ["train", "test"] * 10}, ("text", "label", "split")),
        ({"text": _LONG, "label": ["x"] * 20, "split": ["a", "b"] * 10}, ("text", "label", None)),
    ],
)
def test_columns_are_guessed(columns: dict[str, list[Any]], found: tuple[str, ...]) -> None:
    assert choose_columns(Table(columns), "mine") == Columns(*found)


def test_classes_with_names_are_labels() -> None:
    table = Table({"text": _LONG, "a": [0, 1] * 10, "b": [0, 1] * 10}, {"b": ["no", "yes"]})
    assert choose_columns(table, "mine").label == "b"


def test_what_is_named_is_taken() -> None:
    table = Table({"text": _LONG, "body": _LONG, "label": [1, 2] * 10, "sort": [1, 2] * 10})
    with naming_columns("body", "sort"):
        assert choose_columns(table, "mine")[:2] == ("body", "sort")
        with (
            naming_columns(label="stars"),
            pytest.raises(TextTaskError, match="'stars' of 'mine' must be one"),
        ):
            choose_columns(table, "mine")
    assert named_columns() == Columns()


def test_what_cannot_be_guessed_is_asked_for() -> None:
    with pytest.raises(TextTaskError, match=r"\(got 'a', 'b'\). Name it with --text-column"):
        choose_columns(Table({"a": ["1", "2"], "b": ["x", "y"]}), "mine")
    with pytest.raises(TextTaskError, match="Name it with --label-column"):
        choose_columns(Table({"text": _LONG, "id": list(range(20))}), "mine")


def test_a_column_of_texts_without_a_letter_is_named() -> None:
    with pytest.raises(TextTaskError, match=r"The column 'text' of 'mine' must hold texts \(got none with a letter"):
        choose_columns(Table({"text": ["", "  "], "label": ["x", "y"]}), "mine")
