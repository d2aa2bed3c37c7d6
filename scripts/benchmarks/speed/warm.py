"""``zoograph benchmark warm``: how long a known question takes, against importing torch alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

QUESTION = ("--model", "convnext_tiny", "--dataset", "clipart_32")
IMPORT_TORCH = (sys.executable, "-c", "import torch")


class Timings(NamedTuple):
    """Wall-clock seconds of each round.

    Attributes:
        command: the command in question.
        reference: what it is held against, run in turn with it.
    """

    command: tuple[float, ...]
    reference: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the command over median of the reference; below 1 the command is faster."""
        return statistics.median(self.command) / statistics.median(self.reference)


def warm(
    rounds: Annotated[int, typer.Option(min=1, help="How often each command is timed.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Time `predict` on a known pair against `python -c "import torch"`.

    Both run once before the clock starts, which trains a predictor if there is none; then they take turns.

    Example: `zoograph benchmark warm --rounds 3`
    """
    timings = measure((*_find_predict(), *QUESTION), IMPORT_TORCH, rounds)
    commands = {f"predict {' '.join(QUESTION)}": timings.command, 'python -c "import torch"': timings.reference}
    if as_json:
        content = {
            "rounds": rounds,
            "predict_seconds": statistics.median(timings.command),
            "import_torch_seconds": statistics.median(timings.reference),
            "ratio": timings.ratio,
            "predict_all": timings.command,
            "import_torch_all": timings.reference,
        }
        print_json("benchmark warm", content)
        return
    print_table(
        f"Seconds, {rounds} rounds",
        ("command", "median", "fastest", "slowest"),
        [
            (name, *(f"{figure:.2f}" for figure in (statistics.median(seconds), min(seconds), max(seconds))))
            for name, seconds in commands.items()
        ],
        names={"command"},
    )
    print_notes([f"Ratio of the medians: {timings.ratio:.2f}"])


def measure(command: Sequence[str], reference: Sequence[str], rounds: int = 10) -> Timings:
    """Run two commands in turn, after one round that is not timed.

    Args:
        command: program and arguments.
        reference: program and arguments.
        rounds: timed runs of each, at least 1.

    Raises:
        ZoographError: if one of them fails.
    """
    if rounds < 1:
        raise ValueError(f"'rounds' needs to be a positive integer (got {rounds}).")
    _time(command), _time(reference)
    times = [(_time(command), _time(reference)) for _ in range(rounds)]
    return Timings(*zip(*times, strict=True))


def _time(command: Sequence[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ZoographError(
            f"The command '{' '.join(command)}' must succeed (got exit status {done.returncode}: {last})."
        )
    return seconds


def _find_predict() -> tuple[str, ...]:
    """Return the installed ``predict`` of this interpreter."""
    folder = Path(sys.executable).parent
    for name in ("predict", "predict.exe"):
        if (folder / name).is_file():
            return (str(folder / name),)
    raise ZoographError(f"The command 'predict' must be in '{folder}' (got no such file). Run 'pip install .'.")
