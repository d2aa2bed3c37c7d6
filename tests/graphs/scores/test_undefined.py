"""The error of a score without a value."""

from __future__ import annotations

from zoograph.data.errors import ZoographError
from zoograph.graphs.scores.undefined import UndefinedScore


def test_the_reason_is_kept_and_told_in_a_sentence() -> None:
    error = UndefinedScore("all samples are of one class")
    assert error.reason == "all samples are of one class"
    assert str(error) == "The score is undefined: all samples are of one class."
    assert isinstance(error, ZoographError)
