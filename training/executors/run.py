"""A run of many pieces of work: each result is taken at once, and what goes wrong for no lasting reason is repeated."""

from __future__ import annotations

import heapq
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from zoograph.training.executors.executor import Executor
from zoograph.training.executors.work import Done, Problem, Trouble, Work
from zoograph.training.runtime.progress import Progress, part_of

ATTEMPTS = 4
"""Times that a piece of work is begun at most, if its trouble is none of its own."""

_PAUSE = 2.0
_LONGEST_PAUSE = 300.0
_LOOK = 5.0
_REPEATED = (Trouble.PASSING, Trouble.LOST)
_log = logging.getLogger(__name__)

Take = Callable[[Work, Done], None]
"""Is given each piece of work that has a result, as soon as it has it."""


class Bug(Exception):
    """A piece of work met a bug of zoograph; the message is its traceback."""


@dataclass(frozen=True)
class FailedWork:
    """A piece of work without a result.

    Attributes:
        work: that was asked for.
        problem: of its last attempt.
        attempts: times that it was begun.
        where: machine and process of the last attempt, if it came back.
    """

    work: Work
    problem: Problem
    attempts: int
    where: str = ""


@dataclass
class Tally:
    """What became of a run.

    Attributes:
        done: pieces of work that have a result.
        repeated: attempts that were repeated.
        failed: pieces without a result, in the order in which they failed.
        seconds: wall time.
        worked: seconds of work, over all processes.
    """

    done: int = 0
    repeated: int = 0
    failed: list[FailedWork] = field(default_factory=list)
    seconds: float = 0.0
    worked: float = 0.0


def run_all(
    executor: Executor,
    works: Iterable[Work],
    take: Take,
    progress: Progress | None = None,
    *,
    attempts: int = ATTEMPTS,
    pause: float = _PAUSE,
    bugs_pass: bool = True,
) -> Tally:
    """Run pieces of work, and give each result to ``take`` at once.

    What was wrong from the start is tried once. Where a process or machine ended, a server did not answer or a disk
    was full, it is tried again after a pause that doubles each time. On Ctrl-C what is finished is taken, and the rest
    is given up.

    Args:
        executor: that runs them.
        works: as many as there are; they are asked for as places become free.
        take: stores the result.
        progress: called with (pieces done, pieces in all), or in finer steps where the work runs in this process.
        attempts: of one piece at most.
        pause: seconds before the second attempt.
        bugs_pass: whether a bug ends the run, when the results that are there have been taken; else it fails its
            piece alone.

    Raises:
        Bug: see ``bugs_pass``.
        ExecutorError: if there is nowhere left to run anything.
    """
    return _Run(executor, list(works), take, progress, attempts, pause, bugs_pass).to_the_end()


class _Run:
    def __init__(
        self,
        executor: Executor,
        works: list[Work],
        take: Take,
        progress: Progress | None,
        attempts: int,
        pause: float,
        bugs_pass: bool,
    ) -> None:
        self._executor, self._take_result, self._progress = executor, take, progress
        self._attempts, self._pause, self._bugs_pass = attempts, pause, bugs_pass
        self._works = works
        self._waiting = deque(range(len(works)))
        self._later: list[tuple[float, int, int]] = []
        self._tried = [0] * len(works)
        self._in_flight: dict[int, int] = {}
        self._numbers = count()
        self._ended = 0
        self._tally = Tally()

    def to_the_end(self) -> Tally:
        started = time.monotonic()
        try:
            while self._waiting or self._later or self._in_flight:
                self._submit()
                for work, done in self._executor.completed(self._patience()):
                    self._take(work, done)
        except BaseException:
            for work, done in self._executor.completed(0):
                if done.problem is None:
                    self._take(work, done)
            raise
        self._tally.seconds = time.monotonic() - started
        return self._tally

    def _submit(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            self._waiting.appendleft(heapq.heappop(self._later)[2])
        while self._waiting and len(self._in_flight) < self._executor.slots:
            place = self._waiting.popleft()
            work = self._works[place]
            self._in_flight[id(work)] = place
            self._tried[place] += 1
            self._executor.submit(work, part_of(self._progress, self._ended, len(self._works)))
        if not self._in_flight and self._later:
            time.sleep(max(0.0, self._later[0][0] - now))

    def _patience(self) -> float | None:
        """Return how long to wait for a result: not for ever where something is to be tried again."""
        return max(0.1, self._later[0][0] - time.monotonic()) if self._later else _LOOK

    def _take(self, work: Work, done: Done) -> None:
        place = self._in_flight.pop(id(work))
        self._tally.worked += done.seconds
        for sentence in done.warnings:
            _log.warning("%s", sentence)
        if done.problem is None:
            self._take_result(work, done)
            self._tally.done += 1
        elif done.problem.kind in _REPEATED and self._tried[place] < self._attempts:
            self._repeat(place, done.problem)
            return
        else:
            if done.problem.kind is Trouble.BUG and self._bugs_pass:
                raise Bug(done.problem.details)
            self._tally.failed.append(FailedWork(work, done.problem, self._tried[place], done.where))
        self._ended += 1
        if self._progress is not None:
            self._progress(self._ended, len(self._works))

    def _repeat(self, place: int, problem: Problem) -> None:
        self._tally.repeated += 1
        pause = min(self._pause * 2 ** (self._tried[place] - 1), _LONGEST_PAUSE)
        _log.info("'%s' is tried again: %s", self._works[place].name, problem.reason)
        heapq.heappush(self._later, (time.monotonic() + pause, next(self._numbers), place))
