"""What every executor can do, and where and how work is to run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from zoograph.data.errors import ZoographError
from zoograph.training.executors.work import UNLIMITED, Done, Resources, Work
from zoograph.training.runtime.progress import Progress


class ExecutorKind(StrEnum):
    """Where pieces of work run."""

    LOCAL = "local"
    """In this process, one after the other."""
    PROCESSES = "processes"
    """In several processes of this machine."""
    RAY = "ray"
    """On a cluster of Ray, or in one of its own on this machine."""


class ExecutorError(ZoographError):
    """An executor that cannot be opened, or that has nowhere left to run anything."""


class Executor(Protocol):
    """Runs pieces of work, in any order."""

    slots: int
    """Pieces of work that it is to be given at a time."""
    places: int
    """Pieces of work that it does at a time."""

    def submit(self, work: Work, progress: Progress | None = None) -> None:
        """Take a piece of work; who runs it in this process reports its progress."""

    def completed(self, timeout: float | None = None) -> list[tuple[Work, Done]]:
        """Wait until something is done, or for so many seconds, and return it; with 0, return what is done now."""

    def close(self) -> None:
        """End everything that was started; what is not done is given up."""


@dataclass(frozen=True)
class Where:
    """Where and how work is to run.

    Attributes:
        kind: of executor.
        processes: at a time on this machine.
        address: of a cluster of Ray, ``host:port`` or ``auto``; None for one of its own on this machine.
        resources: of each piece of work.
    """

    kind: ExecutorKind = ExecutorKind.LOCAL
    processes: int = 2
    address: str | None = None
    resources: Resources = UNLIMITED

    @property
    def each(self) -> Resources:
        """What each piece of work gets: where others run beside it, one thread if nothing else was said."""
        if self.kind is ExecutorKind.LOCAL or self.resources.cpus is not None:
            return self.resources
        return Resources(1, self.resources.gpus, self.resources.memory)


def require_fit(where: Where) -> None:
    """Raise if what is said of where work runs does not fit together.

    Raises:
        ExecutorError: with what to leave out.
    """
    if where.address is not None and where.kind is not ExecutorKind.RAY:
        raise ExecutorError(
            f"An address of Ray is for '--executor ray' (got '--executor {where.kind}'). Leave one of the two out."
        )
