"""``zoograph benchmark champions``: how often noisy, clean and useful batches are promoted, and what they add."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from zoograph.scripts.terminal.messages import goes_on
from zoograph.scripts.terminal.options import AsJson, Fresh
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table


def champions(
    draws: Annotated[int, typer.Option(min=1, help="Zoos that are drawn; a batch of each kind arrives in each.")] = 30,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Let wrong, unchanged and right records arrive in synthetic zoos, and hold what is promoted to the truth.

    The error is that against the noiseless accuracies of all pairs. Trials are kept, so that a stopped run goes on.

    Example: `zoograph benchmark champions --draws 5`
    """
    from zoograph.data.home import make_home
    from zoograph.scripts.terminal.progress import count_bar
    from zoograph.training.studies.champions import KINDS, simulate, summarise

    folder = make_home() / "benchmarks" / "champions"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    with goes_on("Trials are"), count_bar(draws * len(KINDS)) as begin:
        lines = summarise(simulate(folder, draws, begin=begin))
    if as_json:
        print_json("benchmark champions", {"kinds": [line._asdict() for line in lines]})
        return
    rows = [
        (
            line.kind,
            str(line.trials),
            str(line.promoted),
            str(line.suspected),
            _percent(line.added),
            _percent(line.added_if_all),
        )
        for line in lines
    ]
    headings = ("batch", "challengers", "promoted", "suspect", "error added by those", "if all were")
    print_table("Challengers in synthetic zoos", headings, rows, names={"batch"})
    print_notes(
        [
            "noisy: a batch of accuracies that are off by 0.2. repeat: nothing new, trained once more. "
            "good: a batch of right accuracies. What is added is a share of the champion's error; below 0 is better."
        ]
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:+.1f} %"
