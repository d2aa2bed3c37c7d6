"""``zoograph benchmark scale``: seconds, memory and error as the zoo grows from thousands of runs to millions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks.results_folder import write_result
from zoograph.scripts.pictures.scale import draw_scale

Row = dict[str, Any]
MAX_EXACT_RUNS = 6_000
_JSON, _PICTURE = "scale.json", "scale.png"


def scale(
    sizes: Annotated[str, typer.Option(help="Numbers of runs, separated by commas.")] = "2700,27000,270000,2700000",
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the picture.")] = Path("docs/benchmarks"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what an earlier run has kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Measure how time, memory and error grow with the number of runs, on made-up zoos whose truth is known.

    Each size is measured in a process of its own. The exact predictor is measured up to 6,000 runs, the sampled one at
    every size. A size that is in the folder already is not measured again.

    Example: `zoograph benchmark scale --sizes 2700,27000`
    """
    wanted = [(runs, kind) for runs in _parse(sizes) for kind in _kinds(runs)]
    rows = [] if fresh else _load(out / _JSON)
    for runs, kind in wanted:
        if not any((row["runs"], row["kind"]) == (runs, kind) for row in rows):
            rows = sorted([*rows, _measure(runs, kind)], key=lambda row: (row["runs"], row["kind"]))
            write_result(out / _JSON, json.dumps(rows, indent=1) + "\n")
    figure = draw_scale(rows)
    with tempfile.TemporaryFile() as file:
        figure.savefig(file, format="png", facecolor="white")
        file.seek(0)
        write_result(out / _PICTURE, file.read())
    shown = [row for row in rows if (row["runs"], row["kind"]) in wanted]
    if as_json:
        typer.echo(json.dumps(shown, indent=1))
    else:
        _print(shown)


def _parse(sizes: str) -> list[int]:
    try:
        numbers = sorted({int(size) for size in sizes.split(",")})
    except ValueError:
        numbers = [0]
    if numbers[0] < 100:
        raise ZoographError(f"'--sizes' takes whole numbers from 100 up, separated by commas (got '{sizes}').")
    return numbers


def _kinds(runs: int) -> tuple[str, ...]:
    return ("exact", "sampled") if runs <= MAX_EXACT_RUNS else ("sampled",)


def _load(path: Path) -> list[Row]:
    if not path.exists():
        return []
    try:
        rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))
        return [row for row in rows if row["runs"] and row["kind"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ZoographError(
            f"'{path}' must hold what an earlier measurement wrote (got something else). Use --fresh."
        ) from error


def _measure(runs: int, kind: str) -> Row:
    """Measure one size in a process of its own, with its progress on stderr."""
    from zoograph.scripts.terminal.progress import progress_bar

    command = [sys.executable, "-W", "ignore", "-m", "zoograph.training.studies.scaling", str(runs), kind]
    result: Row | None = None
    with (
        progress_bar(f"{runs:,} runs, {kind}") as advance,
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            result = message.get("result", result)
            if "done" in message:
                advance(message["done"], message["total"])
        status = process.wait()
        errors.seek(0)
        said = (errors.read().strip().splitlines() or ["it said nothing"])[-1]
    if status or result is None:
        raise ZoographError(f"The measurement of {runs:,} runs must succeed (got exit status {status}: {said}).")
    return {**result, "cpus": os.cpu_count()}


def _print(rows: list[Row]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Processor seconds, memory and error by size", title_justify="left", box=SIMPLE, pad_edge=False)
    for heading in ("runs", "kind", "graph", "train", "pass", "predict", "GiB", "MAE", "noise"):
        table.add_column(heading, justify="left" if heading == "kind" else "right", no_wrap=True)
    for row in rows:
        seconds, epoch = row["cpu_seconds"], row["cpu_seconds_per_epoch"]
        table.add_row(
            f"{row['runs']:,}",
            row["kind"],
            *(f"{value:.1f}" for value in (seconds["make"] + seconds["build"], seconds["train"])),
            "–" if epoch is None else f"{epoch:.1f}",
            f"{seconds['predict']:.1f}",
            f"{row['peak_rss_gib']['predict']:.2f}",
            f"{row['mae_truth']:.4f}",
            f"{row['noise_floor']:.4f}",
        )
    console = Console()
    console.print(table)
    console.print(
        "Pass is one over all records. MAE is that of held-out predictions against the known truth; noise is that of\n"
        "the measurements themselves.\n"
        "One thread does all work. Memory counts everything in the process, the imported libraries too.",
        highlight=False,
    )
