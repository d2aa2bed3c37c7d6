"""``zoograph benchmark warm``: how long a known question and a new one take, against importing the libraries alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
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
IMPORT_LIBRARIES = (sys.executable, "-c", "import torch, transformers")
CARD = """\
id: digits-of-mine
modality: image
domain: digits
num_classes: 10
samples_per_class: 50
labels: [zero, one, two, three, four, five, six, seven, eight, nine]
"""


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
    """Time `predict` on a known pair, and `recommend` for a new dataset, against Python importing the libraries.

    `predict` is held against `import torch`, `recommend` against `import torch, transformers`. Each pair runs once
    before the clock starts, which trains a predictor if there is none; then the two take turns.

    Example: `zoograph benchmark warm --rounds 3`
    """
    predict, recommend = (_find_program(name) for name in ("predict", "zoograph"))
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "card.yaml"
        card.write_text(CARD, encoding="utf-8")
        known = measure((predict, *QUESTION), IMPORT_TORCH, rounds)
        new = measure((recommend, "recommend", "--dataset", str(card)), IMPORT_LIBRARIES, rounds)
    if as_json:
        content = {
            "rounds": rounds,
            "predict_seconds": statistics.median(known.command),
            "import_torch_seconds": statistics.median(known.reference),
            "ratio": known.ratio,
            "predict_all": known.command,
            "import_torch_all": known.reference,
            "recommend_seconds": statistics.median(new.command),
            "import_libraries_seconds": statistics.median(new.reference),
            "recommend_ratio": new.ratio,
            "recommend_all": new.command,
            "import_libraries_all": new.reference,
        }
        print_json("benchmark warm", content)
        return
    commands = {
        f"predict {' '.join(QUESTION)}": known.command,
        'python -c "import torch"': known.reference,
        "zoograph recommend --dataset card.yaml": new.command,
        'python -c "import torch, transformers"': new.reference,
    }
    print_table(
        f"Seconds, {rounds} rounds",
        ("command", "median", "fastest", "slowest"),
        [
            (name, *(f"{figure:.2f}" for figure in (statistics.median(seconds), min(seconds), max(seconds))))
            for name, seconds in commands.items()
        ],
        names={"command"},
    )
    print_notes([f"Ratios of the medians: predict {known.ratio:.2f}, recommend {new.ratio:.2f}"])


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


def _find_program(name: str) -> str:
    """Return the installed program of this interpreter."""
    folder = Path(sys.executable).parent
    for file in (name, f"{name}.exe"):
        if (folder / file).is_file():
            return str(folder / file)
    raise ZoographError(f"The command '{name}' must be in '{folder}' (got no such file). Run 'pip install .'.")
