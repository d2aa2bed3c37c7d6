"""Labels that are classes, and those that are none."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.tasks.labels import as_number, require_classes
from zoograph.data.tasks.task import TaskError


@pytest.mark.parametrize(
    "cells", [["cat", "dog"], [0, 1], ["1", "2.5"], [None, "x"], ["[a]", "b", "c"], [row / 7 for row in range(10)], []]
)
def test_classes(cells: list[Any]) -> None:
    require_classes(cells, "mine", "kind", "image")


@pytest.mark.parametrize("cells", [[["a"], ["b"]], ["['a', 'b']", " ['c'] "], ["[0, 1]", "[1, 0]", "x"]])
def test_lists_are_several_labels(cells: list[Any]) -> None:
    with pytest.raises(TaskError, match=r"must be one for each image \(got a list for each in 'kind'"):
        require_classes(cells, "mine", "kind", "image")


def test_measurements() -> None:
    cells = [str(row / 7) for row in range(100)]
    with pytest.raises(TaskError, match=r"got measurements such as 0\.142857 in 'price'.*--target 'price'"):
        require_classes(cells, "mine", "price", "image")
    require_classes(cells, "mine", "price", "image", named=True)


def test_numbers() -> None:
    assert [as_number(cell) for cell in (1, "2.5", True, "x", None, "inf")] == [1.0, 2.5, None, None, None, None]
    assert as_number(10**400) is None
