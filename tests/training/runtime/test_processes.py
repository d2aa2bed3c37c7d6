"""Workers: results in order, errors that arrive, cores that are shared, none started when they are not needed."""

from __future__ import annotations

import operator
import os

import pytest
import torch

from zoograph.training.runtime.processes import workers


def test_in_this_process_when_waited_for() -> None:
    done: list[int] = []
    with workers(1) as submit:
        wait = submit(done.append, 3)
        assert done == []
        wait()
    assert done == [3]


def test_in_processes() -> None:
    with workers(2) as submit:
        assert submit(os.getpid)() != os.getpid()
        assert submit(operator.add, 2, 3)() == 5
        with pytest.raises(ZeroDivisionError):
            submit(operator.truediv, 1, 0)()


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with workers(1_000) as submit:
        assert submit(torch.get_num_threads)() == 1


def test_a_number_of_threads_that_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with workers(2) as submit:
        assert submit(os.getenv, "OMP_NUM_THREADS")() == "3"
