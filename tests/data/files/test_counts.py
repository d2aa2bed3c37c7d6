"""Counts: one thing is in the singular, a thousand things have a separator, and of many the first are named."""

from __future__ import annotations

import pytest

from zoograph.data.files.counts import count_of, some, some_of


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 models"), (1, "1 model"), (2, "2 models"), (999, "999 models"), (1000, "1,000 models")]
)
def test_only_one_is_in_the_singular(number: int, words: str) -> None:
    assert count_of(number, "model") == words


def test_words_that_take_no_s_are_given() -> None:
    assert [count_of(number, "family", "families") for number in (0, 1, 2)] == ["0 families", "1 family", "2 families"]
    assert count_of(1, "link that leads", "links that lead") == "1 link that leads"


def test_the_first_names_are_quoted_and_the_others_counted() -> None:
    assert some(["a\x1b"]) == r"'a\x1b'"
    assert some([str(row) for row in range(12)]).endswith("'9' and 2 more")
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of(["a"] * 1003, 2) == "a, a and 1,001 more"
    assert some_of([], 2) == ""
