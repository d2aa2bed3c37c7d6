"""Work in this process: begun when it is waited for, and a bug is raised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoograph.data.testing.small_jobs import fail, wait_for
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.work import Work


def test_begins_when_waited_for(tmp_path: Path) -> None:
    executor, mark = LocalExecutor(), tmp_path / "mark"
    work = Work("wait", wait_for, (0, str(mark)))
    executor.submit(work)
    assert executor.completed(0) == []
    assert not mark.exists()
    ((which, done),) = executor.completed()
    assert which is work
    assert done.result == os.getpid()
    assert executor.completed() == []


def test_what_waits_is_forgotten() -> None:
    executor = LocalExecutor()
    executor.submit(Work("bug", fail, "bug"))
    executor.close()
    assert executor.completed() == []


def test_a_bug_is_raised() -> None:
    executor = LocalExecutor()
    executor.submit(Work("bug", fail, "bug"))
    with pytest.raises(KeyError):
        executor.completed()
