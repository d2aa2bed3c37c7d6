"""``zoograph benchmark sizes``: what commands cost as the store grows, on top of the zoo that ships."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import seal_facts
from zoograph.data.home import DATABASE_VARIABLE, HOME_VARIABLE
from zoograph.data.records.records import Metric
from zoograph.scripts.benchmarks.results_folder import Row, load_rows
from zoograph.scripts.terminal.files import make_folder, write_into
from zoograph.scripts.terminal.numbers import parse_sizes
from zoograph.scripts.terminal.options import AsJson, Fresh
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

_JSON, _CARD, _CSV = "sizes.json", "card.json", "runs.csv"
_NEW = {"id": "a-new-dataset", "source": "made up", "domain": "photo", "num_classes": 5, "num_samples": 1000,
        "labels": ["cat", "dog", "horse", "tiger", "zebra"]}  # fmt: skip
_GROW = """
import sys
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.grown_store import grow_store
with RecordStore.open() as store:
    grow_store(store, int(sys.argv[1]))
"""
_ADD_RUN = """
import uuid
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
with RecordStore.open() as store:
    known = next(iter(store.stream_runs(("model", "dataset"), 1)))[0]
    settings = {"number": uuid.uuid4().hex}
    store.add(runs=[Run(source="new", model=known[0], dataset=known[1], protocol=Protocol.HEAD, value=0.5,
                        hyperparameters=settings)])
"""
_INGESTED = 1_000
_WAIT, _TIMES_LARGE = "wait of another writer, 100,000 runs coming in", 100
_BETWEEN_WRITES = 0.02
_REFERENCE = "import torch, transformers"
_NOTES = (
    "CPU seconds and peak memory of the whole process, the fastest of the rounds; a process beside it costs it little.",
    "'first' is the first answer after the records came in; 'one run more' is the next answer after one more came in.",
    f"'{_WAIT}': the wall seconds are the longest that somebody else waited to write meanwhile.",
    "A store is grown in batches of half a million runs, past the reading of files: 'benchmark ingest' times that.",
)


def sizes(
    runs: Annotated[str, typer.Option(help="Numbers of runs beside the zoo that ships, separated by commas.")] = (
        "0,10000,100000"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="How often each command is timed.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the stores.")] = Path("store-sizes"),
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="An empty database of PostgreSQL for one size, with an `--out` of its own."),
    ] = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Time commands, each in a process of its own, on stores with made-up runs of known models on new tasks.

    A size that is in the folder already is not measured again, and a store that is there is not made again.

    Example: `zoograph benchmark sizes --runs 0,10000 --rounds 2`
    """
    wanted = parse_sizes(runs, "--runs", 0)
    if database is not None and len(wanted) > 1:
        raise ZoographError(f"'--database' holds one store: give '--runs' one size (got {len(wanted)}).")
    rows = [] if fresh else load_rows(out / _JSON, lambda row: row["command"] and row["runs"] >= 0)
    for number in wanted:
        if not any(row["runs"] == number for row in rows):
            rows = sorted([*rows, *measure(out, number, rounds, database)], key=lambda row: row["runs"])
            write_into(out, {_JSON: seal_facts(rows)})
    shown = [row for row in rows if row["runs"] in wanted]
    if as_json:
        print_json("benchmark sizes", {"rows": shown}, _NOTES)
        return
    print_table(
        "Cost of a command by size of the store",
        ("command", "runs", "CPU s", "wall s", "MiB"),
        [
            (row["command"], f"{row['runs']:,}", f"{row['cpu']:.2f}", f"{row['wall']:.2f}", f"{row['mib']:.0f}")
            for row in sorted(shown, key=lambda row: (row["command"], row["runs"]))
        ],
        names={"command"},
    )
    print_notes(_NOTES)


def measure(out: Path, number: int, rounds: int, database: str | None = None) -> list[Row]:
    """Return what each command costs on a store with so many runs beside the zoo that ships.

    Args:
        out: folder.
        number: of runs.
        rounds: of each command.
        database: URL of an empty one; default: a file of SQLite.
    """
    home = out / f"home-{number}"
    url = database or f"sqlite:///{(home / 'zoograph.db').absolute()}"
    environment = {**os.environ, HOME_VARIABLE: str(home), DATABASE_VARIABLE: url, "OMP_NUM_THREADS": "1"}
    make_folder(out)
    card = out / _CARD
    card.write_text(json.dumps(_NEW))
    if not (home / "grown").exists():
        _run([sys.executable, "-c", _GROW, str(number)] if number else _program("status"), environment)
        (home / "grown").touch()
    new = ("--model", "resnet50", "--dataset", str(card))
    commands = {
        "predict, new pair, first": (_program("predict", *new), 1),
        "predict, new pair": (_program("predict", *new), rounds),
        "predict, one run more": (_program("predict", *new), rounds),
        "predict, known pair": (_program("predict", "--model", "convnext_tiny", "--dataset", "clipart_32"), rounds),
        "recommend": (_program("recommend", "--dataset", str(card)), rounds),
        "explain": (_program("explain", *new), rounds),
        "status": (_program("status"), rounds),
        "ingest of 1,000 runs": (_program("ingest", str(out / _CSV)), rounds),
        "predict, 1,000 runs more": (_program("predict", *new), rounds),
        "retrain, 1,000 runs more": (
            _program("retrain", "--protocol", "head", "--metric", "top1", "--min-new=1"),
            1,
        ),
        "status --check": (_program("status", "--check"), rounds),
        _REFERENCE: ([sys.executable, "-c", _REFERENCE], rounds),
    }
    rows = []
    for name, (command, times) in commands.items():
        figures = []
        for _ in range(times):
            if name == "predict, one run more":
                _run([sys.executable, "-c", _ADD_RUN], environment)
            if "1,000 runs" in name:
                _write_runs(out / _CSV)
            if name.endswith("1,000 runs more"):
                _run(_program("ingest", str(out / _CSV)), environment)
            kept_aside = (1,) if name.startswith("retrain") else ()
            figures.append(_run(command, environment, (0, *kept_aside)))
        rows.append({"runs": number, "command": name, **min(figures, key=lambda row: row["cpu"])})
    _write_runs(out / _CSV, _TIMES_LARGE)
    waited = _run_beside_a_writer(_program("ingest", str(out / _CSV)), environment, url)
    return [*rows, {"runs": number, "command": _WAIT, **waited}]


def _program(*words: str) -> list[str]:
    return [sys.executable, "-m", "zoograph", *words]


def _write_runs(path: Path, times: int = 1) -> None:
    """Write so many times a thousand runs that no store has: of known models on known datasets, each with a seed."""
    from zoograph.data.collections.tables import read_tables, shipped_zoo

    known = [run for run in read_tables(shipped_zoo()).runs if run.metric == Metric.TOP1][:_INGESTED] * times
    seed = uuid.uuid4().int % 2**40
    rows = [f"{run.model},{run.dataset},head,{run.value:.4f},{seed + number}" for number, run in enumerate(known)]
    path.write_text("\n".join(["model,dataset,protocol,accuracy,seed", *rows, ""]))


def _run_beside_a_writer(command: Sequence[str], environment: dict[str, str], url: str) -> Row:
    """Run a command while somebody else writes again and again; its wall seconds are the longest wait for that."""
    from zoograph.data.store.database import begin, make_engine

    engine, ended, waits = make_engine(url), Event(), [0.0]

    def write() -> None:
        while not ended.wait(_BETWEEN_WRITES):
            began = time.perf_counter()
            with begin(engine, write=True):
                waits.append(time.perf_counter() - began)

    writer = Thread(target=write)
    writer.start()
    try:
        row = _run(command, environment)
    finally:
        ended.set()
        writer.join()
        engine.dispose()
    return {**row, "wall": max(waits)}


def _run(command: Sequence[str], environment: dict[str, str], fine: Sequence[int] = (0,)) -> Row:
    """Run a command; return processor and wall-clock seconds, and its peak memory.

    Args:
        command: with its arguments.
        environment: of the process.
        fine: exit statuses that are no failure.

    Raises:
        ZoographError: if it fails.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in fine:
        raise ZoographError(
            f"The command '{' '.join(command)[:80]}' must succeed (got exit status {process.returncode})."
        )
    unit = 2**20 if sys.platform == "darwin" else 2**10
    seconds = usage.ru_utime + usage.ru_stime
    return {"cpu": seconds, "wall": time.perf_counter() - began, "mib": usage.ru_maxrss / unit}
