"""What the parts of a study cost: seconds on the clock and of the processor, and memory; told as lines of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Stages:
    """Wall-clock and processor seconds of each stage, and the peak of resident memory when it ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.peaks: dict[str, float] = {}
        self.first_rss = peak_rss_gib()

    @contextmanager
    def next(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        start = _Times.now()
        yield
        end = _Times.now()
        self.seconds[name], self.cpu[name] = end.wall - start.wall, end.cpu - start.cpu
        self.peaks[name] = peak_rss_gib()


class _Times(NamedTuple):
    wall: float
    cpu: float

    @classmethod
    def now(cls) -> _Times:
        return cls(time.perf_counter(), time.process_time())


def peak_rss_gib() -> float:
    """Return the most memory that this process has held so far, in GiB; pages of mapped files count."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def report(**fields: Any) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()
