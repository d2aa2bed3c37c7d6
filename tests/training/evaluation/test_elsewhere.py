"""Pieces of a benchmark in other processes: each is kept as it comes, and one that fails is left to whoever asks."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.testing.small_jobs import add_up, fail, multiply_at_random
from zoograph.models.method import Prediction
from zoograph.training.evaluation.elsewhere import Piece, from_plain, require_same, to_plain, work_out
from zoograph.training.executors.executor import ExecutorKind, Where


def test_what_other_processes_find_is_kept_and_is_what_this_one_finds() -> None:
    found: dict[str, object] = {}
    pieces = [
        Piece("sum", add_up, ([1.0, 2.0],), lambda result: found.update(sum=result)),
        Piece("fails", fail, ("wrong",), lambda result: found.update(fails=result)),
        Piece("numbers", multiply_at_random, (7,), lambda result: found.update(numbers=result)),
    ]
    work_out(pieces, Where(ExecutorKind.PROCESSES, processes=1))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert found == {"sum": 3.0, "numbers": multiply_at_random(7)}  # bit for bit
    finally:
        torch.set_num_threads(before)


def test_in_this_process_nothing_is_worked_out_ahead() -> None:
    work_out([Piece("never", fail, ("wrong",), lambda result: pytest.fail("worked out"))], Where())


def test_an_answer_comes_back_as_it_went() -> None:
    said = Prediction(*(torch.rand(5, generator=torch.Generator().manual_seed(n)) for n in range(3)))
    prediction, seconds = from_plain(to_plain(said, 1.5))
    assert seconds == 1.5
    assert all(torch.equal(a, b) for a, b in zip(prediction, said, strict=True))


def test_another_question_is_refused() -> None:
    require_same("a", "a")
    with pytest.raises(ZoographError, match=r"must have the records and versions of who asks it .got others."):
        require_same("a", "b")
