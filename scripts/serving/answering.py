"""Answers that stay: each question is worked out once, until the store or a predictor changes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, RLock
from typing import Generic, NamedTuple, TypeVar, cast

from zoograph.data.home import get_home
from zoograph.data.store.kept_reads import KeptReads
from zoograph.data.store.store import RecordStore
from zoograph.scripts.memory import give_back_freed_pages
from zoograph.scripts.serving.problems import Busy, Refused
from zoograph.scripts.serving.settings import Limits
from zoograph.training.answers.current.source import KeptParts, Source
from zoograph.training.versions.artifact import POINTER

Value = TypeVar("Value")
_TRIES = 5
_MOST_SENT = 2  # ways of asking for one answer whose bytes are kept


class Moment(NamedTuple):
    """What an answer rests on.

    Attributes:
        revision: token of the store, which changes with every write.
        predictors: digest of which version of each predictor answers.
    """

    revision: str
    predictors: str


@dataclass(frozen=True)
class Kept(Generic[Value]):
    """An answer, and what it was sent as before.

    Attributes:
        moment: that it is of.
        value: the answer.
        warnings: that the answer came with.
    """

    moment: Moment
    value: Value
    warnings: tuple[str, ...] = ()
    _sent: KeptParts = field(default_factory=partial(KeptParts, _MOST_SENT))

    def send(self, asked: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the bytes of the answer as it was asked for, made now if they are not among the last that were."""
        return self._sent.get(asked, make)


class Answers:
    """Works out answers, one at a time, from a store that stays open and predictors that stay loaded.

    An answer is of one moment of the store and of one version of a predictor: if the store changed while it was worked
    out, it is worked out again. Whoever asks the same at the same time gets the same answer.

    Args:
        limits: of waiting, and of what is kept.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.store = RecordStore.open(to_read=True, keep=True)
        self.source = Source(self.store, KeptParts(limits.parts), local=False)
        self._known: OrderedDict[tuple[Moment, Hashable], Kept[object]] = OrderedDict()
        self._lock, self._turn, self._reads = RLock(), Lock(), KeptReads()
        self._flights: dict[Hashable, _Flight] = {}
        self._waiting = 0

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    @property
    def waiting(self) -> int:
        """How many questions are being worked out, or wait for that."""
        return self._waiting

    def moment(self) -> Moment:
        """Return what an answer would rest on now."""
        digest = hashlib.sha256()
        for pointer in sorted((get_home() / "predictors").glob(f"*/{POINTER}")):
            try:
                digest.update(f"{pointer.parent.name}\n".encode() + pointer.read_bytes())
            except FileNotFoundError:  # it is being replaced, or taken away
                continue
        return Moment(self.store.revision, digest.hexdigest())

    def read(self, key: Hashable, work: Callable[[], Value]) -> Value:
        """Return what is read off the store alone, read once a revision."""
        return self._reads.get(self.store.revision, key, work)

    def get(self, key: Hashable, work: Callable[[Callable[[str], None]], Value]) -> Kept[Value]:
        """Return the answer to the question of a key, worked out now if it is not known at this moment.

        Args:
            key: of the question.
            work: takes who is told warnings, and works the answer out.

        Raises:
            Busy: if too many questions wait.
            Refused: if the store changes faster than answers are worked out.
        """
        for _ in range(_TRIES):
            moment = self.moment()
            if (found := self._find(moment, key)) is not None:
                return cast(Kept[Value], found)
            with self._flight((moment, key)):
                if (found := self._find(moment, key)) is not None:
                    return cast(Kept[Value], found)
                warnings: list[str] = []
                with self._turn:
                    value = work(warnings.append)
                    give_back_freed_pages()
                after = self.moment()
                if after.revision == moment.revision:
                    kept = Kept(moment, value, tuple(dict.fromkeys(warnings)))
                    if after == moment:
                        self._keep(moment, key, kept)
                    return kept
        raise Refused(
            503, "The store changes faster than it is read. Ask again in a few seconds.", {"Retry-After": "5"}
        )

    def _find(self, moment: Moment, key: Hashable) -> Kept[object] | None:
        with self._lock:
            found = self._known.get((moment, key))
            if found is not None:
                self._known.move_to_end((moment, key))
            return found

    def _keep(self, moment: Moment, key: Hashable, kept: Kept[Value]) -> None:
        with self._lock:
            for old in [known for known in self._known if known[0] != moment]:
                del self._known[old]
            self._known[moment, key] = cast(Kept[object], kept)
            while len(self._known) > self._limits.answers:
                self._known.popitem(last=False)

    @contextmanager
    def _flight(self, key: Hashable) -> Iterator[None]:
        """Let one through at a time of those who ask the same; refuse if too many wait."""
        with self._lock:
            if self._waiting >= self._limits.waiting:
                raise Busy
            self._waiting += 1
            flight = self._flights.setdefault(key, _Flight())
            flight.people += 1
        try:
            with flight.lock:
                yield
        finally:
            with self._lock:
                self._waiting -= 1
                flight.people -= 1
                if not flight.people:
                    self._flights.pop(key, None)


@dataclass
class _Flight:
    """Those who wait for one answer."""

    lock: Lock = field(default_factory=Lock)
    people: int = 0
