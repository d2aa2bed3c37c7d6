"""What is being done, on stderr: only on a terminal, only after half a second, and never if it is to be quiet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from zoograph.scripts.terminal.messages import Loudness, current_messages

PATIENCE_S = 0.5
_LOOK_S = 0.1
_BAR_WIDTH = 20

Update = Callable[..., None]
"""Called with what changed: ``description``, ``completed``, ``total``."""


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callable that takes (steps done, steps in all); until it is called, a spinner says what is being done."""
    with _display(description) as update:
        yield lambda done, total: update(completed=done, total=total)


@contextmanager
def count_bar(total: int) -> Iterator[Callable[[str], None]]:
    """Yield a callable that names the next of ``total`` pieces of work, and counts the one before as done."""
    with _display("") as update:
        done = -1

        def begin(name: str) -> None:
            nonlocal done
            done += 1
            update(description=name, completed=done, total=total)

        yield begin


@contextmanager
def stage_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a callable that takes the name of a stage, how much of it is done, and how much there is."""
    with _display("") as update:
        yield lambda name, done, total: update(description=name, completed=done, total=total)


@contextmanager
def _display(description: str) -> Iterator[Update]:
    if not (sys.stderr.isatty() and current_messages().loudness > Loudness.QUIET):
        yield lambda **_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # The words come last and take what is left of the line, so that they are cut where it is short, and nothing else.
    words = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1))
    columns = (SpinnerColumn(), BarColumn(_BAR_WIDTH), TaskProgressColumn(), TimeElapsedColumn(), words)
    bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
    task = bar.add_task(description, total=None)
    messages, ended = current_messages(), Event()
    messages.stage = ""

    def follow() -> None:
        """Show the bar once patience is over, with what the library says that it does."""
        if ended.wait(PATIENCE_S):
            return
        bar.start()
        while not ended.wait(_LOOK_S):
            if messages.stage:
                bar.update(task, description=messages.stage)

    def update(**changes: Any) -> None:
        if "description" in changes:
            messages.stage = ""
        bar.update(task, **changes)

    follower = Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield update
    finally:
        ended.set()
        follower.join()
        bar.stop()
