"""Processes of this machine: kills, Ctrl-C, and the same numbers as here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zoograph.data.testing.small_jobs import add_up, end_the_process_once, multiply_at_random, wait_for
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.processes import ProcessesExecutor
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Resources, Trouble, Work

ONE = Resources(1)


@pytest.fixture
def executor() -> Iterator[ProcessesExecutor]:
    pool = ProcessesExecutor(2)
    yield pool
    pool.close()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_same_numbers_in_another_process_a_kill_and_nothing_left(
    executor: ProcessesExecutor, tmp_path: Path
) -> None:
    works = [Work(f"seed {seed}", multiply_at_random, seed, ONE) for seed in range(3)]
    killed = Work("killed", end_the_process_once, str(tmp_path / "mark"), ONE)
    found: dict[str, object] = {}
    tally = run_all(executor, [killed, *works], lambda work, done: found.update({work.name: done.result}), pause=0.01)
    assert (tally.done, tally.repeated, tally.failed) == (4, 1, [])
    assert found.pop("killed") != int((tmp_path / "mark").read_text())
    here: dict[str, object] = {}
    run_all(LocalExecutor(), works, lambda work, done: here.update({work.name: done.result}))
    assert found == here  # bit for bit

    executor.submit(Work("waits", wait_for, (600, str(tmp_path / "waits")), ONE))
    while not (tmp_path / "waits").exists():
        time.sleep(0.05)
    (process,) = executor.busy
    assert _alive(process)
    executor.close()
    assert not _alive(process)


def test_a_killed_process_is_said(executor: ProcessesExecutor, tmp_path: Path) -> None:
    work = Work("waits", wait_for, (600, str(tmp_path / "mark")), ONE)
    executor.submit(work)
    (process,) = executor.busy
    os.kill(process, signal.SIGKILL)
    ((which, done),) = executor.completed()
    assert which is work
    assert done.problem is not None
    assert done.problem.kind is Trouble.LOST
    assert done.problem.reason == f"The process {process} that worked on it ended (killed, or out of memory)."


def test_what_cannot_be_copied_is_a_bug(executor: ProcessesExecutor) -> None:
    executor.submit(Work("lambda", add_up, [lambda: 1], ONE))
    ((_, done),) = executor.completed()
    assert done.problem is not None
    assert done.problem.kind is Trouble.BUG
