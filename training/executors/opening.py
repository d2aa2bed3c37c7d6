"""The executor that a name means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoograph.training.executors.executor import Executor, ExecutorKind, Where, require_fit


@contextmanager
def open_executor(where: Where) -> Iterator[Executor]:
    """Yield an executor, and end what it started.

    Raises:
        ExecutorError: if it cannot be had.
    """
    executor = _open(where)
    try:
        yield executor
    finally:
        executor.close()


def _open(where: Where) -> Executor:
    require_fit(where)
    if where.kind is ExecutorKind.LOCAL:
        from zoograph.training.executors.local import LocalExecutor

        return LocalExecutor()
    if where.kind is ExecutorKind.PROCESSES:
        from zoograph.training.executors.processes import ProcessesExecutor

        return ProcessesExecutor(where.processes)
    from zoograph.training.executors.on_ray import RayExecutor

    return RayExecutor(where.address, where.each, where.processes)
