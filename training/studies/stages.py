"""What the parts of a study cost: seconds on the clock and of the processor, and memory; told as lines of JSON.

A study whose memory counts runs in a process of its own, which reports to the one that began it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from zoograph.data.errors import ZoographError
from zoograph.training.runtime.progress import Progress


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


def run_apart(module: str, arguments: list[str], told: Progress, what: str, hint: str = "") -> dict[str, Any]:
    """Run a module in a process of its own, and return the result that it reports.

    Args:
        module: calls :func:`report`, first with ``done`` and ``total``, last with ``result``.
        arguments: of its command line.
        told: called with (done, in all).
        what: that is run, in words.
        hint: what to do if it fails.

    Raises:
        ZoographError: if it fails, with the last line that it said.
    """
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    result: dict[str, Any] | None = None
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            result = message.get("result", result)
            if "done" in message:
                told(message["done"], message["total"])
        status = process.wait()
        errors.seek(0)
        said = (errors.read().strip().splitlines() or ["it said nothing"])[-1]
    if status or result is None:
        raise ZoographError(f"{what} must succeed (got exit status {status}: {said}).{hint}")
    return result
