"""``zoograph benchmark scale``: seconds, memory and error as the zoo grows from thousands of runs to millions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from zoograph.data.files.facts import seal_facts
from zoograph.scripts.benchmarks.results_folder import Row, load_rows
from zoograph.scripts.pictures.scale import draw_scale
from zoograph.scripts.pictures.style import require_matplotlib, to_png
from zoograph.scripts.terminal.files import write_into
from zoograph.scripts.terminal.numbers import parse_sizes
from zoograph.scripts.terminal.options import AsJson, Fresh
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.training.studies.stages import run_apart

_JSON, _PICTURE = "scale.json", "scale.png"
_NOTES = (
    "MAE is that of held-out predictions against the known truth; noise is that of the measurements themselves.",
    "One thread does all work. Memory counts everything in the process, the imported libraries too.",
)


def scale(
    sizes: Annotated[str, typer.Option(help="Numbers of runs, separated by commas.")] = "2700,27000,270000,2700000",
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the picture.")] = Path("docs/benchmarks"),
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Measure how time, memory and error grow with the number of runs, on made-up zoos whose truth is known.

    Each size is measured in a process of its own. A size that is in the folder already is not measured again.

    Example: `zoograph benchmark scale --sizes 2700,27000`
    """
    require_matplotlib()
    wanted = parse_sizes(sizes, "--sizes", 100)
    rows = [] if fresh else load_rows(out / _JSON, lambda row: row["runs"])
    for runs in wanted:
        if not any(row["runs"] == runs for row in rows):
            rows = sorted([*rows, _measure(runs)], key=lambda row: row["runs"])
            write_into(out, {_JSON: seal_facts(rows)})
    write_into(out, {_PICTURE: to_png(draw_scale(rows))})
    shown = [row for row in rows if row["runs"] in wanted]
    if as_json:
        print_json("benchmark scale", {"rows": shown}, _NOTES)
    else:
        _print(shown)


def _measure(runs: int) -> Row:
    """Measure one size in a process of its own, with its progress on stderr."""
    from zoograph.scripts.terminal.progress import progress_bar

    with progress_bar(f"{runs:,} runs") as advance:
        result = run_apart(
            "zoograph.training.studies.scaling", [str(runs)], advance, f"The measurement of {runs:,} runs"
        )
    return {**result, "cpus": os.cpu_count()}


def _print(rows: list[Row]) -> None:
    print_table(
        "Processor seconds, memory and error by size",
        ("runs", "graph", "train", "predict", "GiB", "MAE", "noise"),
        [_cells(row) for row in rows],
    )
    print_notes(_NOTES)


def _cells(row: Row) -> tuple[str, ...]:
    seconds = row["cpu_seconds"]
    return (
        f"{row['runs']:,}",
        f"{seconds['make'] + seconds['build']:.1f}",
        f"{seconds['train']:.1f}",
        f"{seconds['predict']:.1f}",
        f"{row['peak_rss_gib']['predict']:.2f}",
        f"{row['mae_truth']:.4f}",
        f"{row['noise_floor']:.4f}",
    )
