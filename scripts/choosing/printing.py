"""How ``choose`` prints: where it stands, while it measures, and the choice at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoograph.data.text.printable import show
from zoograph.scripts.terminal.messages import Loudness, current_messages
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import stage_bar
from zoograph.training.answers.notes import format_chance, format_interval

if TYPE_CHECKING:
    from zoograph.training.choosing.choice import Choice
    from zoograph.training.choosing.loop import Standing, Watch
    from zoograph.training.runtime.progress import Progress


@contextmanager
def live(budget: float) -> Iterator[tuple[Watch, Progress]]:
    """Show on stderr what is measured now against the budget, and a line for each that is done or failed.

    The lines come on every stderr, unless it is to be quiet: they are the log of work that takes long.

    Args:
        budget: seconds, in all.
    """
    with stage_bar() as update:
        last: list[Standing] = []
        told = failed = 0

        def watch(standing: Standing) -> None:
            nonlocal told, failed
            for trial in standing.trials[told:]:
                _say(
                    f"[{clock(trial.elapsed)}] {trial.model}: {trial.accuracy:.3f} ({trial.level.description}, "
                    f"{trial.took:.0f} s). Leader: {trial.leader}, {trial.predicted:.3f} "
                    f"({format_interval(trial.lower, trial.upper)}), expected regret {trial.regret:.2f} points."
                )
            for model, reason in standing.left[failed:]:
                _say(f"[{clock(standing.elapsed)}] {model} is left out: {reason}")
            told, failed = len(standing.trials), len(standing.left)
            last[:] = [standing]
            update(_describe(standing), round(standing.elapsed), round(budget))

        def progress(done: int, total: int) -> None:
            if last and last[0].doing is not None and total:
                spent = last[0].elapsed + min(done / total, 1.0) * last[0].doing.seconds
                update(_describe(last[0]), round(spent), round(budget))

        yield watch, progress


def _describe(standing: Standing) -> str:
    """Return two lines that end with names, so that a narrow terminal cuts the ends of these alone."""
    doing = standing.doing
    now = "" if doing is None else f"{doing.level.description}: {doing.model}\n"
    interval = format_interval(standing.lower, standing.upper)
    return f"{now}regret {standing.regret:.2f}, leader {standing.predicted:.3f} ({interval}): {standing.leader}"


def _say(text: str) -> None:
    if current_messages().loudness > Loudness.QUIET:
        print(show(text), file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Return minutes and seconds, as a line of the log begins with them."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def print_choice(choice: Choice) -> None:
    """Print the choice, the table of the best candidates, what it rests on, and how to go on."""
    print(show(choice.sentence))
    columns: dict[str, Callable[[int], str]] = {
        "predicted": lambda i: f"{choice.ranking[i].predicted:.3f}",
        "90 % interval": lambda i: format_interval(choice.ranking[i].lower, choice.ranking[i].upper),
        "probe": lambda i: _number(choice.ranking[i].probe),
        "head": lambda i: _number(choice.ranking[i].head),
        "finetune": lambda i: _number(choice.ranking[i].finetune),
        "best": lambda i: format_chance(choice.ranking[i].best),
        "regret": lambda i: f"{choice.ranking[i].regret:.2f}",
    }
    cells = {heading: [cell(i) for i in range(len(choice.ranking))] for heading, cell in columns.items()}
    cells = {heading: values for heading, values in cells.items() if set(values) != {"–"}}
    rows = [(c.model, *(values[i] for values in cells.values())) for i, c in enumerate(choice.ranking)]
    print_table(choice.title, ("model", *cells), rows, names={"model"}, bold={0})
    print_notes(choice.notes)
    print(f"\nIn Python:\n\n{show(choice.snippet)}\n\nOn the command line:\n\n{show(choice.command)}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
