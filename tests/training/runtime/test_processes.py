"""Workers: results in order, errors that arrive, and none started when they are not needed."""

from __future__ import annotations

import operator
import os

import pytest

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
