"""``zoograph benchmark ingest``: time and memory of ingesting a large file."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from zoograph.data.home import DATABASE_VARIABLE, HOME_VARIABLE
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table

_CODE = "import sys; from zoograph.scripts.benchmarks.speed.ingest_speed import work; work(sys.argv[1])"


def measure(
    rows: Annotated[int, typer.Option(min=1, help="Rows of the file.")] = 10_000_000,
    seed: Annotated[int, typer.Option(help="Of the values.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a CSV file with random runs of known pairs, ingest it in a process of its own, and say what it took.

    The store is a new one in a temporary folder, unless ZOOGRAPH_DATABASE_URL says otherwise.

    Example: `zoograph benchmark ingest --rows 1000000`
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        environment = {**os.environ, HOME_VARIABLE: str(Path(folder) / "home")}
        _write(path, rows, seed)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _CODE, str(path)], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = time.perf_counter() - began
        figures = {
            "rows": rows,
            "new": json.loads(done.stdout)["new"],
            "seconds": round(seconds, 1),
            "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
            "file_mib": round(path.stat().st_size / 2**20),
            "database": "given by URL" if os.environ.get(DATABASE_VARIABLE) else "SQLite",
        }
    if as_json:
        print_json("benchmark ingest", figures)
    else:
        shown = [(name.replace("_", " "), str(value)) for name, value in figures.items()]
        print_table("Ingesting a CSV file", ("what", "value"), shown, names={"what"})


def work(path: str) -> None:
    """Ingest one file and print how many runs are new."""
    from zoograph.data.ingest.ingest import ingest
    from zoograph.data.ingest.tables import open_table
    from zoograph.data.store.store import RecordStore

    with RecordStore.open() as store:
        print(json.dumps({"new": ingest(store, [open_table(Path(path))]).new}))


def _write(path: Path, rows: int, seed: int) -> None:
    from zoograph.data.collections.tables import read_tables, shipped_zoo

    zoo = read_tables(shipped_zoo())
    pairs = sorted({(run.model, run.dataset) for run in zoo.runs})
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("model,dataset,accuracy,seed\n")
        for number in range(rows):
            model, dataset = draw.choice(pairs)
            file.write(f"{model},{dataset},{100 * draw.random():.2f},{number}\n")
