"""Numbers of a column, and what of it is none."""

from __future__ import annotations

import math
from typing import Any

import pytest

from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import TaskError
from zoograph.data.tasks.values import keep_real, read_number, tenths


def test_what_is_no_number_is_left_out_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    cells = [1, "2.5", "", None, "nan", float("inf"), "cheap", "-3e2", 4.0, "7", "8", "9", "10", "11"]
    kept = keep_real("prices", "price", {Split.TRAIN: cells}, {Split.TRAIN: range(len(cells))})
    assert kept.numbers == (1.0, 2.5, -300.0, 4.0, 7.0, 8.0, 9.0, 10.0, 11.0)
    assert [row for _, row in kept.rows] == [0, 1, 7, 8, 9, 10, 11, 12, 13]
    assert caplog.messages == [
        "5 values of the column 'price' of 'prices' are left out: 2 are empty; 2 are NaN or infinite; 1 is no number, "
        "such as 'cheap'."
    ]


def test_only_usable_rows_of_each_split_are_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    cells: dict[Split, list[Any]] = {Split.TEST: [5, 6, 7], Split.TRAIN: [1, 2, "x"]}
    kept = keep_real("x", "y", cells, {Split.TEST: [0, 2], Split.TRAIN: [0, 1]})
    assert kept.rows == ((Split.TRAIN, 0), (Split.TRAIN, 1), (Split.TEST, 0), (Split.TEST, 2))
    assert kept.mask(Split.TEST) == (False, False, True, True)
    assert kept.mask(Split.VALIDATION) is None
    assert not caplog.messages


def test_a_column_of_texts_is_refused() -> None:
    with pytest.raises(
        TaskError, match=r"must hold numbers \(got 3 of 4 that are no number, such as 'cheap'\).*classes"
    ):
        keep_real("x", "y", {Split.TRAIN: ["cheap", "dear", "cheap", 1]}, {Split.TRAIN: range(4)})
    with pytest.raises(TaskError, match=r"\(got 2 of 2 that are NaN or infinite"):
        keep_real("x", "y", {Split.TRAIN: [math.nan, math.inf]}, {Split.TRAIN: range(2)})


@pytest.mark.parametrize("cell", [True, [1], "1_000", "1,5", "0x10", {}])
def test_what_python_alone_takes_for_a_number_is_none(cell: Any) -> None:
    assert read_number(cell) == "no number"


def test_tenths_are_of_equal_size_where_numbers_differ() -> None:
    assert tenths(list(range(30))) == tuple(number // 3 for number in range(30))
    assert tenths([]) == ()
    assert set(tenths([4.0] * 5)) == {0}
