"""The samples of a task as tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from zoograph.data.images.task import ImageTaskError, make_task, task_from_arrays
from zoograph.data.networks.rows import find_unreadable, is_cut, load_rows, reading_order, require_readable, stack
from zoograph.data.tasks.splits import Split
from zoograph.data.texts.task import RawRows, TextTask, make_text_task


@pytest.fixture
def texts() -> TextTask:
    rows = RawRows(["a b", "a b c d", "a", "a b c"], ["x", "y", "x", "y"], ["0", "1", "2", "3"])
    return make_text_task("mine", "test", {Split.TRAIN: rows})


def _count(text: str) -> torch.Tensor:
    return torch.arange(len(text.split()))


def test_texts_are_read_by_row_and_the_longest_first(texts: TextTask) -> None:
    assert [len(row) for row in load_rows(texts, _count)] == [2, 4, 1, 3]  # type: ignore[arg-type]
    assert [len(row) for row in load_rows(texts, _count, [3, 0])] == [3, 2]  # type: ignore[arg-type]
    assert list(reading_order(texts)) == [1, 3, 0, 2]
    assert find_unreadable(texts) == ({}, 4)


def test_images_are_read_in_their_order() -> None:
    task = task_from_arrays(np.zeros((3, 4, 4), np.uint8), [0, 1, 0], ("a", "b"), "mine")
    assert list(reading_order(task)) == [0, 1, 2]
    seen = list(load_rows(task, lambda picture: torch.tensor(picture.size)))
    assert stack(seen).tolist() == [[4, 4]] * 3  # type: ignore[arg-type]


def test_tokens_are_filled_up() -> None:
    assert stack([torch.tensor([5, 6]), torch.tensor([7])]).tolist() == [[5, 6], [7, -1]]


def test_only_what_can_be_cut_is(texts: TextTask) -> None:
    class Cutting:
        def __call__(self, text: str) -> torch.Tensor:
            return _count(text)[:3]

        def cuts(self, text: str, sample: torch.Tensor) -> bool:
            return len(text.split()) > len(sample)

    transform: Callable[[Any], torch.Tensor] = Cutting()
    assert [is_cut(transform, texts, row, transform(texts.read(row))) for row in range(4)] == [
        False,
        True,
        False,
        False,
    ]
    assert not is_cut(_count, texts, 1, torch.zeros(1))


def test_too_many_images_that_cannot_be_read() -> None:
    task = make_task("mine", "test", ("a", "b"), ["0", "1"], [0, 1], lambda row: b"")
    with pytest.raises(ImageTaskError, match="At most 1 %"):
        require_readable(task, find_unreadable(task)[0])
