"""Counts: one thing is in the singular, and a thousand things have a separator."""

from __future__ import annotations

import pytest

from zoograph.data.files.counts import count_of


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 models"), (1, "1 model"), (2, "2 models"), (999, "999 models"), (1000, "1,000 models")]
)
def test_only_one_is_in_the_singular(number: int, words: str) -> None:
    assert count_of(number, "model") == words


def test_words_that_take_no_s_are_given() -> None:
    assert [count_of(number, "family", "families") for number in (0, 1, 2)] == ["0 families", "1 family", "2 families"]
    assert count_of(1, "link that leads", "links that lead") == "1 link that leads"
