"""Progress and warnings: the callables that long work reports to."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

Warn = Callable[[str], None]
"""Called with what the user should know."""

Stage = Callable[[str], None]
"""Called with what is being done now, in a few words without a full stop, for a spinner."""


class Ticker:
    """Turns evaluations, of which a line search may need any number, into steady progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._floor = progress, total, 0

    def start(self, num_iterations: int) -> Callable[[], None]:
        """Begin a part of so many iterations; return what is called after each."""
        first, self._floor = self._floor, self._floor + num_iterations
        done = first

        def tick() -> None:
            nonlocal done
            done = min(done + 1, first + num_iterations)
            if self._progress is not None:
                self._progress(done, self._total)

        return tick

    def finish(self) -> None:
        """Say that all is done."""
        if self._progress is not None:
            self._progress(self._total, self._total)


def ignore(_: str) -> None:
    """Take a warning or a stage that nobody asked for."""


def part_of(progress: Progress | None, place: int, num_parts: int, num: int = 1) -> Progress:
    """Return what reports the progress of one, or ``num``, of several equal parts as that of the whole."""

    def advance(done: int, total: int) -> None:
        if progress is not None:
            progress(place * total + num * done, num_parts * total)

    return advance
