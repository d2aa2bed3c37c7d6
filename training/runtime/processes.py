"""Worker processes that end together with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

Submit = Callable[..., Callable[[], Any]]
"""Takes a function and its arguments, begins the call now or later, and returns what waits for its result."""


@contextmanager
def workers(processes: int) -> Iterator[Submit]:
    """Yield a function that begins calls: in this process when they are waited for, or in ``processes`` new ones.

    The function that is called must be importable, and its arguments are copied.
    """
    if processes == 1:
        yield lambda function, *arguments: lambda: function(*arguments)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=begin_worker, initargs=(processes,))
    try:
        yield lambda function, *arguments: pool.submit(function, *arguments).result
    finally:
        pool.shutdown(cancel_futures=True)


def begin_worker(processes: int) -> None:
    """Begin one of so many processes: it ends with its parent, and takes no more than its share of the cores."""
    _leave_with_parent()
    _share_cores(processes)


def _leave_with_parent() -> None:
    """End this process when the one that started it ends, even if that one is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _share_cores(processes: int) -> None:
    """Keep this process to its share of threads, before a library is imported that starts one for each core.

    Threads of several processes that are more than the cores wait for each other in loops: slower than one thread each.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // processes)))
