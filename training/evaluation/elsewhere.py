"""Answers of a benchmark that are worked out in other processes or on a cluster, and kept here as soon as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from zoograph.data.errors import ZoographError
from zoograph.models.method import Prediction
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.opening import open_executor
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Done, Work
from zoograph.training.runtime.progress import Progress

Said = tuple[list[Any], float]
"""The parts of a prediction as arrays, which any process can pass to another, and the seconds that it took."""


@dataclass(frozen=True)
class Piece:
    """Something that a benchmark needs and does not have.

    Attributes:
        name: for people.
        function: importable; depends on nothing but its arguments.
        arguments: plain data.
        keep: is given, here, what the function returned.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keep: Callable[[Any], None]


def work_out(pieces: Iterable[Piece], where: Where, progress: Progress | None = None) -> None:
    """Work pieces out in other processes; in this one nothing is done, since each is worked out when it is asked for.

    One that fails is not kept: who asks for it works it out here, or says why it cannot be.

    Args:
        pieces: in an order in which neighbours have most in common; for this process they are not even looked for.
        where: they are worked out.
        progress: called with (pieces done, pieces in all).

    Raises:
        ExecutorError: if the executor cannot be had.
    """
    if where.kind is ExecutorKind.LOCAL or not (pieces := list(pieces)):
        return
    works = [Work(piece.name, _call, (piece.function, piece.arguments), where.each) for piece in pieces]
    keep = {id(work): piece.keep for work, piece in zip(works, pieces, strict=True)}

    def take(work: Work, done: Done) -> None:
        keep[id(work)](done.result)

    with open_executor(where) as executor:
        run_all(executor, works, take, progress)


def require_same(found: str, wanted: str) -> None:
    """Raise unless a question is, by its key, the one that was meant.

    Raises:
        ZoographError: if it is another.
    """
    if found != wanted:
        raise ZoographError(
            "A worker must have the records and versions of who asks it (got others). Install the same zoograph there, "
            "and give it the same store."
        )


def to_plain(prediction: Prediction, seconds: float) -> Said:
    """Return an answer as any process can pass it on."""
    return [part.numpy() for part in prediction], seconds


def from_plain(said: Said) -> tuple[Prediction, float]:
    """Return the prediction and the seconds of an answer that was passed on."""
    return Prediction(*(torch.from_numpy(part.copy()) for part in said[0])), said[1]


def _call(payload: tuple[Callable[..., Any], tuple[Any, ...]], progress: Progress | None) -> Any:
    function, arguments = payload
    return function(*arguments)
