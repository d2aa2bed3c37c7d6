"""Reads that are kept: what was read of a store stands for the next question, until the store changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import TypeVar

Read = TypeVar("Read")


class KeptReads:
    """What was read of a store at one revision; nothing of an earlier one is left. Threads may share it."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._revision: str | None = None
        self._known: dict[Hashable, object] = {}

    def get(self, revision: str, key: Hashable, read: Callable[[], Read]) -> Read:
        """Return what is known under ``key`` at a revision, read now if it is not known.

        Args:
            revision: token that changes with every write.
            key: of what is read; always of the same thing.
            read: reads it as of that revision.
        """
        with self._lock:
            if revision != self._revision:
                self._known, self._revision = {}, revision
            if key not in self._known:
                self._known[key] = read()
            return self._known[key]  # type: ignore[return-value]
