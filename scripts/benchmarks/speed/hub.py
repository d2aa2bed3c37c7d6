"""``zoograph benchmark hub``: time and memory from a hub's tables to its best models, as it grows to two million."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from zoograph.data.files.facts import seal_facts
from zoograph.data.files.kept import keep_facts
from zoograph.data.files.optional_imports import import_faiss
from zoograph.data.home import get_home
from zoograph.scripts.benchmarks.results_folder import Row, load_rows
from zoograph.scripts.pictures.hub import draw_hub
from zoograph.scripts.pictures.style import require_matplotlib, to_png
from zoograph.scripts.terminal.files import make_folder, write_into
from zoograph.scripts.terminal.numbers import parse_sizes
from zoograph.scripts.terminal.options import AsJson, Fresh
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import stage_bar
from zoograph.training.studies.stages import run_apart

STAGES = ("make", "graph", "train", "embed", "index", "ask")
_JSON, _PICTURE = "hub.json", "hub.png"
_NOTES = (
    "The hub is made up; only the shapes of its degree distributions follow what was published of real hubs.",
    "Processor seconds of one thread. Memory is the most that one stage held, libraries and pages of mapped files too.",
)
_Told = Callable[[str, int, int], None]


def hub(
    sizes: Annotated[str, typer.Option(help="Numbers of models, separated by commas.")] = (
        "1000,10000,100000,1000000,2000000"
    ),
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the picture.")] = Path("docs/benchmarks"),
    work: Annotated[
        Path | None,
        typer.Option(help="Folder for tables and graphs; 4 GiB for two million models.", show_default=False),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep tables and graphs of sizes that are done.")] = False,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Measure how time and memory grow with the number of models, on made-up hubs whose truth is known.

    Each size goes through six stages, each in a process of its own: tables, graph, a training epoch, vectors of all
    models, index, and the best ten models of 200 datasets. A stage that is done is not done again, and a size that is
    in the folder is not measured again.

    Example: `zoograph benchmark hub --sizes 1000,10000`
    """
    require_matplotlib()
    import_faiss()
    wanted, folder = parse_sizes(sizes, "--sizes", 100), work or get_home() / "cache" / "hub"
    make_folder(folder)
    rows = [] if fresh else load_rows(out / _JSON, lambda row: row["models"])
    for models in wanted:
        if not any(row["models"] == models for row in rows):
            rows = sorted([*rows, _measure(models, folder / str(models), fresh)], key=lambda row: row["models"])
            write_into(out, {_JSON: seal_facts(rows)})
            if not keep:
                shutil.rmtree(folder / str(models), ignore_errors=True)
    write_into(out, {_PICTURE: to_png(draw_hub(rows))})
    shown = [row for row in rows if row["models"] in wanted]
    if as_json:
        print_json("benchmark hub", {"rows": shown}, _NOTES)
    else:
        _print(shown)


def _measure(models: int, folder: Path, fresh: bool) -> Row:
    """Take a size through its stages, from the first that is not done."""
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    with stage_bar() as told:
        stages = {
            stage: keep_facts(folder / f"{stage}.json", lambda stage=stage: _run(stage, folder, models, told))  # type: ignore[misc]
            for stage in STAGES
        }
    return {"models": models, "stages": stages, "machine": _machine()}


def _run(stage: str, folder: Path, models: int, told: _Told) -> dict[str, Any]:
    """Do one stage in a process of its own."""
    return run_apart(
        "zoograph.training.studies.hub.measure",
        [stage, str(folder), str(models)],
        lambda done, total: told(f"{models:,} models, {stage}", done, total),
        f"The stage '{stage}' of {models:,} models",
        " Call the command again: it goes on at this stage.",
    )


def _machine() -> str:
    """Return the machine in words."""
    try:
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        memory = ""  # not every system says
    return f"{os.cpu_count()} cores ({platform.machine()}){memory}"


def _print(rows: list[Row]) -> None:
    print_table(
        "Processor seconds by stage, memory, and the best ten of all models",
        ("models", "edges", "graph", "epoch", "vectors", "index", "GiB", "search ms", "judge ms", "recall"),
        [_cells(row) for row in rows],
    )
    print_notes(_NOTES)


def _cells(row: Row) -> tuple[str, ...]:
    stages = row["stages"]
    asked = stages["ask"]
    return (
        f"{row['models']:,}",
        f"{stages['graph']['num_edges']:,}",
        f"{stages['graph']['cpu_seconds']:.1f}",
        f"{stages['train']['cpu_seconds'] / stages['train']['epochs']:.1f}",
        f"{stages['embed']['cpu_seconds']:.1f}",
        f"{stages['index']['cpu_seconds']:.1f}",
        f"{max(stage['peak_rss_gib'] for stage in stages.values()):.2f}",
        f"{asked['search_ms']['median']:.2f}",
        f"{asked['judge_ms']['median']:.1f}",
        f"{asked['recall_at_10']:.4f}",
    )
