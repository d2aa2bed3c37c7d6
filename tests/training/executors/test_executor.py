"""What each piece of work gets."""

from __future__ import annotations

from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.work import Resources


def test_one_thread_where_others_run_beside() -> None:
    assert Where().each == Resources(None)
    assert Where(ExecutorKind.PROCESSES, resources=Resources(None, 0.5, 7)).each == Resources(1, 0.5, 7)
    assert Where(ExecutorKind.RAY, resources=Resources(4)).each == Resources(4)
