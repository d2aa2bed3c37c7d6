"""Work in this process, one piece after the other; a bug is raised where it is."""

from __future__ import annotations

from collections import deque

from zoograph.training.executors.work import Done, Work, perform
from zoograph.training.runtime.progress import Progress


class LocalExecutor:
    """Does a piece of work when it is waited for."""

    slots = places = 1

    def __init__(self) -> None:
        self._waiting: deque[tuple[Work, Progress | None]] = deque()

    def submit(self, work: Work, progress: Progress | None = None) -> None:
        """Take a piece of work."""
        self._waiting.append((work, progress))

    def completed(self, timeout: float | None = None) -> list[tuple[Work, Done]]:
        """Do the first piece that waits, unless nothing is to be waited for."""
        if timeout == 0 or not self._waiting:
            return []
        work, progress = self._waiting.popleft()
        return [(work, perform(work, progress))]

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
