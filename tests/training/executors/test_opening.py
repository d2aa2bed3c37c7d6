"""Executors by name."""

from __future__ import annotations

import pytest

from zoograph.training.executors.executor import ExecutorError, ExecutorKind, Where
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.opening import open_executor


def test_by_name() -> None:
    with open_executor(Where()) as executor:
        assert isinstance(executor, LocalExecutor)
        assert executor.slots == 1
    with open_executor(Where(ExecutorKind.PROCESSES, 3)) as executor:
        assert executor.slots == 3


def test_an_address_without_ray() -> None:
    with pytest.raises(ExecutorError, match=r"for '--executor ray' .got '--executor processes'."):
        open_executor(Where(ExecutorKind.PROCESSES, address="auto")).__enter__()
