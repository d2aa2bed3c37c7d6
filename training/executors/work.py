"""A piece of work as plain data, and what became of it: the same wherever it runs."""

from __future__ import annotations

import errno
import logging
import os
import platform
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from zoograph.data.errors import ZoographError
from zoograph.training.executors.trouble import passes
from zoograph.training.runtime.progress import Progress

_LOGGER = "zoograph"
_DECIDING = ("zoograph", "torch", "timm", "numpy")


class Trouble(StrEnum):
    """Why a piece of work has no result."""

    WRONG = "wrong"
    """What was asked for cannot be done; done again, it would be as wrong."""
    PASSING = "passing"
    """A server that did not answer, a disk that was full: it may be done elsewhere, or later."""
    LOST = "lost"
    """The process or the machine that did it ended."""
    BUG = "bug"
    """Anything else."""


@dataclass(frozen=True)
class Resources:
    """What a piece of work needs.

    Attributes:
        cpus: threads that it computes on, everywhere the same, or numbers would differ in their last bits; None for as
            many as the libraries take, which is for one process alone.
        gpus: devices, or a fraction of one, which then holds several pieces of work.
        memory: bytes that a cluster keeps for it; 0 for none.
    """

    cpus: int | None = None
    gpus: float = 0.0
    memory: int = 0


UNLIMITED = Resources()


@dataclass(frozen=True)
class Work:
    """A call of a function that depends on nothing but its argument.

    Attributes:
        name: for people.
        function: importable; called with the payload and something that progress is reported to.
        payload: plain data, which is copied to where the work is done.
        resources: that it needs.
    """

    name: str
    function: Callable[[Any, Progress | None], Any]
    payload: Any
    resources: Resources = UNLIMITED


@dataclass(frozen=True)
class Problem:
    """Why there is no result: what kind of trouble, in a sentence, and where a bug is."""

    kind: Trouble
    reason: str
    details: str = ""


@dataclass(frozen=True)
class Done:
    """What became of a piece of work.

    Attributes:
        result: of the function; None if there is a problem.
        problem: why not; None if there is a result.
        seconds: that it took, where it ran.
        where: machine and process.
        warnings: that were given on the way, where nobody sees them.
    """

    result: Any = None
    problem: Problem | None = None
    seconds: float = 0.0
    where: str = ""
    warnings: tuple[str, ...] = ()


def versions() -> dict[str, str]:
    """Return the versions that numbers depend on."""
    return {"python": platform.python_version().rpartition(".")[0], **{name: version(name) for name in _DECIDING}}


def here() -> str:
    """Return this machine and process."""
    return f"{socket.gethostname()}, process {os.getpid()}"


def perform(work: Work, progress: Progress | None = None, expected: dict[str, str] | None = None) -> Done:
    """Do a piece of work; what goes wrong is returned.

    Args:
        work: to be done.
        progress: is passed on.
        expected: versions of those who asked for it, if they are in another process; then warnings are returned, and
            so are bugs, which else are raised.
    """
    started = time.perf_counter()
    heard = _Heard()
    with ExitStack() as stack:
        if expected is not None:
            stack.enter_context(_listening(heard))
        try:
            if expected is not None:
                _require_versions(expected)
            with limited(work.resources.cpus):
                result = work.function(work.payload, progress)
        except Exception as error:
            problem = explain(error)
            if expected is None and problem.kind is Trouble.BUG:
                raise
            return Done(None, problem, time.perf_counter() - started, here(), tuple(heard.said))
    return Done(result, None, time.perf_counter() - started, here(), tuple(heard.said))


def explain(error: BaseException) -> Problem:
    """Return what kind of trouble an error is."""
    import torch

    reason = str(error).partition("\n")[0] or type(error).__name__
    if passes(error):
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        hint = f"The disk of '{socket.gethostname()}' is full ({reason}). Make room there and run it again."
        return Problem(Trouble.PASSING, hint if full else reason)
    if isinstance(error, ZoographError | MemoryError | torch.OutOfMemoryError):
        return Problem(Trouble.WRONG, reason)
    return Problem(Trouble.BUG, f"{type(error).__name__}: {reason}", "".join(traceback.format_exception(error)))


@contextmanager
def limited(cpus: int | None) -> Iterator[None]:
    """Compute on so many threads, and on one process if that is one; None changes nothing."""
    if cpus is None:
        yield
        return
    import torch
    from threadpoolctl import threadpool_limits

    from zoograph.data.images.loading import no_processes_beside

    before = torch.get_num_threads()
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(limits=cpus))
        stack.enter_context(no_processes_beside())
        torch.set_num_threads(cpus)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _require_versions(expected: dict[str, str]) -> None:
    found = versions()
    other = {name: (wanted, found.get(name)) for name, wanted in expected.items() if found.get(name) != wanted}
    if other:
        wants = ", ".join(f"{name} {wanted}" for name, (wanted, _) in other.items())
        got = ", ".join(f"{name} {has}" for name, (_, has) in other.items())
        raise ZoographError(
            f"The worker on '{socket.gethostname()}' must run {wants} (got {got}), or its numbers would be others. "
            "Install the same versions on every node."
        )


@dataclass
class _Heard(logging.Handler):
    """Keeps the warnings of the library."""

    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.WARNING)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if (text := record.getMessage()) not in self.said:
            self.said.append(text)


@contextmanager
def _listening(heard: _Heard) -> Iterator[None]:
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(heard)
    try:
        yield
    finally:
        logger.removeHandler(heard)
