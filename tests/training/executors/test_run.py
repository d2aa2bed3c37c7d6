"""Runs: results at once, what passes is repeated with longer and longer pauses, and Ctrl-C loses nothing finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoograph.data.testing.small_jobs import add_up, fail
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.run import Bug, Tally, run_all
from zoograph.training.executors.work import Done, Problem, Trouble, Work
from zoograph.training.runtime.progress import Progress

PASSING, LOST = Problem(Trouble.PASSING, "no answer"), Problem(Trouble.LOST, "killed")


class Scripted:
    """An executor that answers as it is told to; for each piece of work an answer an attempt."""

    slots = 2

    def __init__(self, **answers: list[Problem | int]) -> None:
        self.answers = answers
        self.waiting: list[Work] = []
        self.most = 0

    def submit(self, work: Work, progress: Progress | None = None) -> None:
        self.waiting.append(work)
        self.most = max(self.most, len(self.waiting))

    def completed(self, timeout: float | None = None) -> list[tuple[Work, Done]]:
        if not self.waiting:
            return []
        work = self.waiting.pop(0)
        answer = self.answers[work.name].pop(0)
        return [(work, Done(None, answer) if isinstance(answer, Problem) else Done(answer, warnings=("careful",)))]

    def close(self) -> None:
        raise AssertionError("whoever opened it closes it")


def _run(executor: Scripted, **options: float) -> tuple[dict[str, int], Tally]:
    found: dict[str, int] = {}
    works = [Work(name, add_up, []) for name in executor.answers]
    tally = run_all(
        executor,
        works,
        lambda work, done: found.update({work.name: done.result}),
        pause=0.01,
        bugs_pass=False,
        **options,
    )
    return found, tally


def test_what_passes_is_repeated_and_what_is_wrong_is_not() -> None:
    wrong = Problem(Trouble.WRONG, "no such model")
    executor = Scripted(a=[1], b=[PASSING, LOST, 2], c=[wrong], d=[PASSING] * 9, e=[Problem(Trouble.BUG, "KeyError")])
    found, tally = _run(executor)
    assert found == {"a": 1, "b": 2}
    assert executor.most == 2
    assert (tally.done, tally.repeated) == (2, 2 + 3)
    assert {one.work.name: (one.problem.reason, one.attempts) for one in tally.failed} == {
        "c": ("no such model", 1),
        "d": ("no answer", 4),
        "e": ("KeyError", 1),
    }


def test_pauses_double() -> None:
    started = time.monotonic()
    _run(Scripted(a=[PASSING, PASSING, PASSING, 1]))
    assert time.monotonic() - started >= 0.01 + 0.02 + 0.04


def test_a_bug_ends_the_run_once_what_is_finished_is_taken() -> None:
    executor = Scripted(a=[1], b=[Problem(Trouble.BUG, "KeyError", "Traceback: here")], c=[3])
    found: list[str] = []
    with pytest.raises(Bug, match="Traceback: here"):
        run_all(executor, [Work(name, add_up, []) for name in "abc"], lambda work, _: found.append(work.name))
    assert found == ["a", "c"]


def test_progress_counts_what_ended_and_warnings_are_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[int, int]] = []
    executor = Scripted(a=[1], b=[PASSING, 2])
    works = [Work(name, add_up, []) for name in "ab"]
    run_all(executor, works, lambda *_: None, lambda done, total: seen.append((done, total)), pause=0.01)
    assert seen == [(1, 2), (2, 2)]
    assert "careful" in caplog.text


def test_results_are_taken_before_the_next_begins() -> None:
    order: list[str] = []

    def say(payload: str, progress: Progress | None) -> str:
        order.append(f"do {payload}")
        return payload

    works = [Work(name, say, name) for name in "ab"]
    run_all(LocalExecutor(), works, lambda work, _: order.append(f"take {work.name}"))
    assert order == ["do a", "take a", "do b", "take b"]


def test_wrong_input_in_this_process_fails_its_piece_alone() -> None:
    tally = run_all(LocalExecutor(), [Work("x", fail, "wrong"), Work("y", add_up, [2])], lambda *_: None)
    assert tally.done == 1
    assert [one.work.name for one in tally.failed] == ["x"]


DRIVER = """
import signal
import sys
from zoograph.data.testing.small_jobs import add_up, wait_for
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.opening import open_executor
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Resources, Work

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background begins deaf to it
    works = [Work(f"sum {n}", add_up, [n], Resources(1)) for n in range(3)]
    works.append(Work("waits", wait_for, (600, sys.argv[2]), Resources(1)))
    with open_executor(Where(ExecutorKind(sys.argv[1]), 2)) as executor:
        run_all(executor, works, lambda work, done: print(work.name, done.result, flush=True))
"""


ON_RAY = pytest.mark.skipif(
    not os.environ.get("ZOOGRAPH_TEST_RAY"), reason="begins many processes: ZOOGRAPH_TEST_RAY=1 on an idle machine"
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["processes", pytest.param("ray", marks=[pytest.mark.slow, ON_RAY])])
def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    if kind == "ray":
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
    script, mark = tmp_path / "driver.py", tmp_path / "mark"
    script.write_text(DRIVER, encoding="utf-8")
    driver = subprocess.Popen([sys.executable, script, kind, mark], stdout=subprocess.PIPE, text=True)
    try:
        while not (mark.exists() and mark.read_text()):
            assert driver.poll() is None
            time.sleep(0.05)
        assert driver.stdout is not None
        finished = [driver.stdout.readline() for _ in range(3)]
        driver.send_signal(signal.SIGINT)
        rest, _ = driver.communicate(timeout=120)
    finally:
        driver.kill()
    assert sorted(finished) == [f"sum {n} {n}\n" for n in range(3)]
    assert rest == ""
    assert driver.returncode != 0
    worker = int(mark.read_text())
    for _ in range(200):
        if not Path(f"/proc/{worker}").exists():
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail(f"process {worker} was left behind")
