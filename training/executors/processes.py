"""Work in processes of this machine; one that is killed takes down nothing but its own piece of work."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from typing import NamedTuple

from zoograph.training.executors.work import Done, Problem, Trouble, Work, explain, perform, versions
from zoograph.training.runtime.processes import begin_worker
from zoograph.training.runtime.progress import Progress


class _Slot(NamedTuple):
    """A pool of one process: a pool of several gives up all of them when one is killed."""

    pool: ProcessPoolExecutor
    process: int


class ProcessesExecutor:
    """Runs pieces of work in so many processes, each begun anew and kept from then on.

    Args:
        processes: at a time.
    """

    def __init__(self, processes: int) -> None:
        self.slots = self.places = processes
        self._idle: list[_Slot] = []
        self._running: dict[Future[Done], tuple[Work, _Slot]] = {}

    @property
    def busy(self) -> list[int]:
        """Numbers of the processes that have work."""
        return [slot.process for _, slot in self._running.values()]

    def submit(self, work: Work, progress: Progress | None = None) -> None:
        """Begin a piece of work in a process that is idle, or new."""
        slot = self._idle.pop() if self._idle else _start(self.slots)
        self._running[slot.pool.submit(perform, work, None, versions())] = work, slot

    def completed(self, timeout: float | None = None) -> list[tuple[Work, Done]]:
        """Wait for something to be done."""
        if not self._running:
            return []
        finished, _ = wait(self._running, timeout, FIRST_COMPLETED)
        return [self._take(future) for future in finished]

    def close(self) -> None:
        """End all processes, those that have work as well."""
        slots = [*self._idle, *(slot for _, slot in self._running.values())]
        self._idle, self._running = [], {}
        for slot in slots:
            with suppress(ProcessLookupError):
                os.kill(slot.process, signal.SIGKILL)
        for slot in slots:
            slot.pool.shutdown(cancel_futures=True)

    def _take(self, future: Future[Done]) -> tuple[Work, Done]:
        work, slot = self._running.pop(future)
        try:
            done = future.result()
        except BrokenExecutor:
            slot.pool.shutdown(wait=False)
            reason = f"The process {slot.process} that worked on it ended (killed, or out of memory)."
            return work, Done(None, Problem(Trouble.LOST, reason))
        except Exception as error:  # noqa: BLE001 - what cannot be copied to a process or back
            done = Done(None, explain(error))
        self._idle.append(slot)
        return work, done


def _start(processes: int) -> _Slot:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(processes,))
    return _Slot(pool, pool.submit(os.getpid).result())


def _begin(processes: int) -> None:
    """Leave Ctrl-C to the process that asked for the work, and be one of so many workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin_worker(processes)
