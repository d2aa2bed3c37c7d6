"""Which of a protocol's questions are asked: the first by a hash of their names, the same in every process."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.training.evaluation.collections.hiding import Question

MOST_DATASETS, MOST_MODELS = 8, 6


class Limits(NamedTuple):
    """How many of its questions a protocol asks at most, chosen by a hash of their names; None for all.

    Attributes:
        datasets: questions that leave out datasets or domains.
        models: questions that leave out models.
    """

    datasets: int | None = MOST_DATASETS
    models: int | None = MOST_MODELS


LIMITS = Limits()


class Asked(NamedTuple):
    """The questions of one protocol.

    Attributes:
        questions: chosen ones.
        in_all: how many there are.
    """

    questions: list[Question]
    in_all: int


def chosen(questions: list[Question], most: int | None) -> Asked:
    """Return ``most`` of the questions, in their order; None for all."""
    taken = first_by_hash([question.name for question in questions], most)
    return Asked([question for question in questions if question.name in taken], len(questions))


def first_by_hash(names: list[str], most: int | None) -> set[str]:
    """Return ``most`` of the names, those whose hash comes first: the same in every process."""
    return {names[place] for place in order_by_hash(names, "")[:most].tolist()}


def order_by_hash(names: list[str], salt: str) -> Tensor:
    """Return (n,) the places of the names, in the order of a hash of each behind a salt."""
    keys = [(zlib.crc32(f"{salt}\0{name}".encode()), name) for name in names]
    return torch.tensor(sorted(range(len(names)), key=lambda place: keys[place]), dtype=torch.long)
