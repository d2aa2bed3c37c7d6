"""The samples of a task as a network expects them: the one place that knows how each modality becomes tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from zoograph.data.images.loading import load_pictures, look_at_all
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask
from zoograph.data.tasks.task import LabelledTask
from zoograph.data.text.encoders.sentence_network import NOTHING

Transform = Callable[[Any], Tensor]


def load_rows(
    task: LabelledTask, transform: Transform, rows: Sequence[int] | None = None
) -> Iterator[Tensor | Unreadable]:
    """Yield the transformed sample of each row, in order; for one that cannot be read, what is wrong with it.

    Args:
        task: its images are opened by several processes, if there are many.
        transform: of the network.
        rows: that are wanted, in the order that they are wanted in; default all.
    """
    if isinstance(task, ImageTask):
        yield from load_pictures(task, transform, rows=rows)
    else:
        yield from (transform(task.read(row)) for row in (range(len(task)) if rows is None else rows))


def reading_order(task: LabelledTask) -> Sequence[int]:
    """Return the rows in the order in which they are best read: texts of like length together, the longest first."""
    if isinstance(task, ImageTask):
        return range(len(task))
    return sorted(range(len(task)), key=lambda row: (-len(task.read(row)), row))


def stack(samples: Sequence[Tensor]) -> Tensor:
    """Return samples as one tensor; rows of tokens are filled up to the longest."""
    if samples[0].ndim == 1:
        return pad_sequence(list(samples), batch_first=True, padding_value=NOTHING)
    return torch.stack(list(samples))


def find_unreadable(task: LabelledTask) -> tuple[dict[int, Unreadable], int]:
    """Look at every sample.

    Returns:
        All rows that cannot be read, in order, with what is wrong; and how many of the others are different.
    """
    return look_at_all(task) if isinstance(task, ImageTask) else ({}, len(set(task.hashes)))


def is_cut(transform: Transform, task: LabelledTask, row: int, sample: Tensor) -> bool:
    """Return whether a network does not read a sample to its end."""
    cuts = getattr(transform, "cuts", None)
    return cuts is not None and bool(cuts(task.read(row), sample))


def require_readable(task: LabelledTask, unreadable: dict[int, Unreadable]) -> None:
    """Raise if too many samples cannot be read.

    Raises:
        ImageTaskError: if more than 1 % of the images cannot.
    """
    if isinstance(task, ImageTask) and not task.allows(len(unreadable)):
        task.require_few_unreadable(find_unreadable(task)[0])  # all at once: one repair is enough
