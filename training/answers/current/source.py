"""Source of answers: the store that is asked, and predictors that stay loaded from one question to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import TypeVar

from zoograph.data.store.store import RecordStore

Part = TypeVar("Part")


class KeptParts:
    """What stays in memory, such as predictors on their graphs; what was asked for longest ago is forgotten first.

    Args:
        most: parts that are kept.
    """

    def __init__(self, most: int = 8) -> None:
        self._most, self._lock = most, RLock()
        self._known: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], Part]) -> Part:
        """Return the part of a key, loaded now if it is not known; one is loaded at a time."""
        with self._lock:
            if key not in self._known:
                self._known[key] = load()
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]  # type: ignore[return-value]


@dataclass(frozen=True)
class Source:
    """Where answers come from, and what a question may make happen.

    Attributes:
        store: open as long as it is asked.
        kept: predictors on their graphs that stay in memory; None to load one for each answer.
        local: whether whoever asks sits at this machine: names may be files and folders here, and a predictor that is
            missing is trained. Others ask about what is known by name, and find the predictors that there are.
        zoos: the records of questions, which stay where predictors do. Each model that is explained has its own, so
            that beside the predictors they would crowd these out.
    """

    store: RecordStore
    kept: KeptParts | None = None
    local: bool = True
    zoos: KeptParts = field(default_factory=KeptParts)


@contextmanager
def opened(source: Source | None) -> Iterator[Source]:
    """Yield the source, or the store of the home, opened for one answer."""
    if source is not None:
        yield source
        return
    with RecordStore.open(to_read=True) as store:
        yield Source(store)
