"""Trainings are told apart by the fewest settings that do, or by time that begins anew."""

from __future__ import annotations

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.trainings import Pieces, find_telling_columns


def _rows(*rows: tuple[int, str, str, float]) -> list[dict[str, object]]:
    return [dict(zip(("epoch", "lr", "wd", "loss"), row, strict=True)) for row in rows]


def test_nothing_is_needed_where_no_moment_repeats() -> None:
    rows = _rows((1, "a", "x", 0.1), (2, "b", "x", 0.2))
    assert find_telling_columns(rows, [], ["epoch"], ["lr", "wd", "loss"]) == []


def test_the_fewest_columns_that_tell_are_found_and_losses_tell_nothing() -> None:
    grid = _rows((9, "a", "x", 0.1), (9, "a", "y", 0.2), (9, "b", "x", 0.3), (9, "b", "y", 0.4))
    assert find_telling_columns(grid, [], ["epoch"], ["lr", "wd", "loss"]) == ["lr", "wd"]
    assert find_telling_columns(grid, ["lr"], ["epoch"], ["wd", "loss"]) == ["wd"]
    assert find_telling_columns(grid, [], ["epoch"], ["wd", "loss"]) is None


def test_time_that_begins_anew_begins_another_training() -> None:
    pieces = Pieces("log.csv")
    assert [pieces.place(("a",), (time,)) for time in (1.0, 2.0, 1.0, 2.0)] == ["0", "0", "1", "1"]
    assert [pieces.place(("b",), (time,)) for time in (1.0, 2.0, 2.0, 3.0)] == ["0"] * 4
    with pytest.raises(RawDataError, match=r"'log.csv' mixes the rows"):
        pieces.place(("a",), (2.0,))
