"""The jobs of a server: started, watched, cancelled, and ended with the server."""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

from zoograph.data.text.printable import show
from zoograph.scripts.serving.jobs.worker import Order
from zoograph.scripts.serving.problems import Refused

COMMAND = (sys.executable, "-m", "zoograph.scripts.serving.jobs.worker")
_KEPT = 100  # jobs that are known after they ended
_OVERTIME = 60.0  # seconds that the last measurement may take longer than it was expected to
_TO_STOP = 10.0  # seconds until a job that was told to stop is ended
_log = logging.getLogger("zoograph.serve")


class Status(StrEnum):
    """What became of a job."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass
class Job:
    """A job, as it stands.

    Attributes:
        id: that nobody guesses.
        folder: by the name that clients see.
        budget: seconds.
        began: by the monotonic clock; ``ended`` likewise, None while it runs.
        stage: what is being done.
        standing: see :func:`zoograph.scripts.serving.jobs.worker.describe_standing`; None before the first.
        choice: the document of the choice; None until it is made.
        error: why it failed, in a sentence.
    """

    id: str
    folder: str
    budget: float
    began: float
    ended: float | None = None
    status: Status = Status.RUNNING
    stage: str = "Starting"
    standing: dict[str, Any] | None = None
    choice: dict[str, Any] | None = None
    error: str | None = None
    _told_to_stop: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def elapsed(self) -> float:
        """Seconds since it began, or that it took."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, in [0, 1]; 1 for what has ended."""
        return 1.0 if self.ended is not None else min(self.elapsed / self.budget, 1.0)


class Jobs:
    """Runs jobs, each in a process of its own, and no more at a time than the operator lets run.

    Args:
        most: jobs at a time.
        command: of the process, see :mod:`zoograph.scripts.serving.jobs.worker`.
    """

    def __init__(self, most: int, command: Sequence[str] = COMMAND) -> None:
        self._most, self._command, self._lock = most, tuple(command), Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def start(self, order: Order, folder: str) -> Job:
        """Start a job.

        Args:
            order: what to do.
            folder: name that clients see, which stands for the path wherever one would be told.

        Raises:
            Refused: if as many run as may.
        """
        hidden = {order.folder: folder, **({order.weights_dir: "WEIGHTS"} if order.weights_dir else {})}
        if order.save_model:
            hidden = {order.save_model: f"MODELS/{Path(order.save_model).name}", **hidden}
        with self._lock:
            if sum(job.ended is None for job in self._jobs.values()) >= self._most:
                raise Refused(
                    503,
                    f"As many jobs run as this server lets run ({self._most}). Ask again when one has ended.",
                    {"Retry-After": "60"},
                )
            job = Job(secrets.token_urlsafe(16), folder, order.budget, time.monotonic())
            job._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            self._jobs[job.id] = job
            for old in [known for known, one in self._jobs.items() if one.ended is not None][:-_KEPT]:
                del self._jobs[old]
        Thread(target=self._follow, args=(job, order, hidden), daemon=True).start()
        return job

    def list(self) -> list[Job]:
        """Return the jobs that are known, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def find(self, id: str) -> Job:
        """Return a job.

        Raises:
            Refused: if there is none of that id.
        """
        with self._lock:
            job = self._jobs.get(id)
        if job is None:
            raise Refused(404, "There is no such job. The server forgets old ones, and all when it is started again.")
        return job

    def cancel(self, id: str) -> Job:
        """Stop a job, and return it as it is then; one that has ended stays as it is.

        Raises:
            Refused: if there is none of that id.
        """
        job = self.find(id)
        _stop(job, "It was cancelled. What was measured is in the store.")
        return job

    def close(self) -> None:
        """Stop every job."""
        for job in self.list():
            _stop(job, "The server was stopped. What was measured is in the store.")

    def _follow(self, job: Job, order: Order, hidden: Mapping[str, str]) -> None:
        """Give the process its order, and take down what it says until it ends."""
        process = job._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        late = Timer(order.budget + _OVERTIME, _stop, (job, "It took longer than its budget, and was stopped."))
        late.daemon = True
        late.start()
        said: dict[str, Any] = {}
        try:
            process.stdin.write(order.model_dump_json().encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                said = _without(json.loads(line), hidden)
                job.stage, job.standing = said.get("stage", job.stage), said.get("standing", job.standing)
        except (OSError, ValueError) as error:  # it ended before its order, or in the middle of a line
            _log.error("Job %s: %s", job.id, error)
            process.kill()  # nobody listens to it any more
        late.cancel()
        process.wait()
        process.stdout.close()
        with suppress(OSError):
            process.stdin.close()
        job.choice, job.error = said.get("choice"), said.get("error")
        if job.choice is not None:
            job.status = Status.DONE
        elif job._told_to_stop:
            job.status, job.error = Status.CANCELLED, job._told_to_stop
        else:
            job.status = Status.FAILED
            job.error = job.error or "The job ended without a word. The operator finds the reason in the server's log."
        job.stage, job.ended = "", time.monotonic()


def _stop(job: Job, why: str) -> None:
    """End the input of a job, which stops it, and the job itself if it does not hear that."""
    process = job._process
    if job.ended is not None or process is None or process.stdin is None:
        return
    job._told_to_stop = job._told_to_stop or why
    with suppress(OSError):  # it has just ended
        process.stdin.close()
    try:
        process.wait(_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _without(part: Any, hidden: Mapping[str, str]) -> Any:
    """Return a document in whose texts no path of the server is told."""
    if isinstance(part, str):
        for path, name in hidden.items():
            part = part.replace(path, name)
        return show(part)
    if isinstance(part, dict):
        return {key: _without(value, hidden) for key, value in part.items()}
    return [_without(value, hidden) for value in part] if isinstance(part, list) else part
