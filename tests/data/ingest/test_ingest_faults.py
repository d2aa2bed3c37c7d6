"""Ingest and export under fault: crowds, kills, full disks and folders that are read-only.

ZOOGRAPH_TEST_CROWD (processes x runs of each, such as 32x1000) and ZOOGRAPH_TEST_KILLS make the slow ones larger.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.collections import tables
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore

CROWD = os.environ.get("ZOOGRAPH_TEST_CROWD", "8x25")
KILLS = int(os.environ.get("ZOOGRAPH_TEST_KILLS", "6"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

# The processes of a test know the small zoo as well.
_SMALL = """
import os
from pathlib import Path
from zoograph.data.collections import tables
tables.shipped_zoo = lambda: Path(os.environ["ZOOGRAPH_TEST_ZOO"])
"""

_CROWD = """
import json, os, sys, time
from zoograph.data.records.records import Run
from zoograph.data.store.store import RecordStore

processes, runs = map(int, sys.argv[1].split("x"))
ends = []
for process in range(processes):
    end, other = os.pipe()
    if os.fork() == 0:
        errors, seconds = [], []
        with RecordStore.open() as store:
            for number in range(runs):
                began = time.perf_counter()
                run = Run(source=f"{process}", model="vit", dataset="pets", protocol="head", value=0.5, seed=number)
                try:
                    assert store.add(runs=[run, run]) == 1
                except Exception as error:
                    errors.append(repr(error))
                seconds.append(time.perf_counter() - began)
        with os.fdopen(other, "w") as file:
            json.dump([errors, seconds], file)
        os._exit(0)
    os.close(other)
    ends.append(end)
parts = [json.load(os.fdopen(end)) for end in ends]
seconds = sorted(second for part in parts for second in part[1])
print(json.dumps({"errors": [e for part in parts for e in part[0]], "p99": seconds[int(len(seconds) * 0.99)],
                  "max": seconds[-1], "number": len(seconds)}))
"""

# Does the same job again and again, each time in a process that is killed after a part of the time that it takes, until
# so many kills have come before the end. With fewer processes beside it a job takes less time: then kills come earlier.
_KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
from zoograph.data.store.export import export_runs
from zoograph.data.ingest.ingest import ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.store.store import RecordStore

table, out, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def bring_in(store):
    ingest(store, [open_table(table)], rejects=out.with_name("rejects.csv"))

def take_out(store):
    export_runs(store, out)

def start(job):
    child = os.fork()
    if child == 0:
        with RecordStore.open() as store:
            job(store)
        os._exit(0)
    return child

def wait(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def own_batches():
    with RecordStore.open() as store:
        return [batch.id for batch in store.batches() if batch.id != "shipped"]

def undo():
    with RecordStore.open() as store:
        for batch in own_batches():
            store.undo(batch)

def count():
    with RecordStore.open() as store:
        return store.count_runs("head")

def state(job):
    return count() if job is bring_in else out.read_bytes().count(b"\\n")

draw, answers = random.Random(0), {}
for job, reset in ((bring_in, undo), (take_out, lambda: out.write_text("old"))):
    reset()
    states = {state(job)}
    began = time.perf_counter()
    assert wait(start(job)) == 0
    seconds = time.perf_counter() - began
    states.add(state(job))
    ends, seen = [], []
    while ends.count(-9) < kills:
        reset()
        child = start(job)
        time.sleep(draw.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        ends.append(wait(child))
        seen.append(state(job))
        if ends[-1] == 0:  # it was faster than the first one: the draw was too late to kill it
            seconds *= 0.95
    answers[job.__name__] = {"ends": ends, "seen": sorted(set(seen)), "whole": sorted(states), "seconds": seconds}
    undo() if job is take_out else None
print(json.dumps(answers))
"""

# Runs a command after its process was given a limit, and prints how it ended.
_LIMITED = """
import json, os, resource, sys
from pathlib import Path
import pyarrow.parquet, rich.console, rich.table
import zoograph.data.networks.timm_cards, zoograph.data.store.export, zoograph.data.store.staging.staging
import zoograph.data.ingest.ingest, zoograph.data.ingest.formats.mteb, zoograph.data.ingest.formats.mlflow_runs
from zoograph.scripts.commands.export import export
from zoograph.scripts.commands.ingest import ingest
from zoograph.scripts.terminal.program import run
import typer

def command(function, *words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(function)
    sys.argv = ["zoograph", *words]
    run(app)

def limited(limit, function, *words):
    end, other = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(other, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if limit is None and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        elif limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            command(function, *words)
        except SystemExit as stopped:
            os._exit(stopped.code or 0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(99)
    os.close(other)
    with os.fdopen(end) as file:
        said = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said

table, out = sys.argv[1], sys.argv[2]
limits = [None if word == "none" else int(word) for word in sys.argv[3:]]
print(json.dumps([
    [
        limited(limit, ingest, table, "--rejects", out + "/rejects.csv"),
        limited(limit, export, "--out", out + "/runs.csv"),
        limited(limit, export, "--out", out + "/runs.parquet"),
    ]
    for limit in limits
]))
"""


@pytest.fixture
def run_small(
    toy_zoo: Collection, run_python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A callable that runs code with words, in a process whose stores start from the small zoo, and returns JSON."""
    monkeypatch.setenv("ZOOGRAPH_TEST_ZOO", str(tables.shipped_zoo()))

    def run(code: str, *words: str) -> Any:
        ran = run_python(_SMALL + code, *words)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return run


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file with 2,000 good rows and some bad ones."""
    rows = [f"vit,pets,0.5,{seed}" for seed in range(2_000)] + ["vit,pets,x,0"] * 20
    path = tmp_path / "in" / "runs.csv"
    path.parent.mkdir()
    path.write_text("\n".join(["model,dataset,accuracy,seed", *rows]), encoding="utf-8")
    return path


def _is_sound(home: Path) -> bool:
    with sqlite3.connect(home / "zoograph.db") as connection:
        answer = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    return answer == [("ok",)]


@pytest.mark.parametrize("crowd", ["3x5", pytest.param(CROWD, marks=pytest.mark.slow)])
def test_a_crowd_of_processes_loses_nothing(
    crowd: str,
    database_url: str,
    toy_store: RecordStore,
    run_small: Callable[..., Any],
    record_property: Callable[..., None],
) -> None:
    answer = run_small(_CROWD, crowd)
    processes, runs = map(int, crowd.split("x"))
    assert answer["errors"] == []
    assert answer["number"] == processes * runs
    assert toy_store.count_runs(Protocol.HEAD) == processes * runs + 1
    assert len(toy_store.batches()) == processes * runs + 1
    record_property("seconds", (answer["p99"], answer["max"]))
    assert answer["p99"] < 5


@pytest.mark.parametrize("kills", [2, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_a_kill_at_any_point_leaves_whole_batches_and_whole_files(
    kills: int,
    database_url: str,
    toy_store: RecordStore,
    table: Path,
    tmp_path: Path,
    home: Path,
    run_small: Callable[..., Any],
    record_property: Callable[..., None],
) -> None:
    answers = run_small(_KILLED, str(table), str(tmp_path / "out.csv"), str(kills))
    assert answers["bring_in"]["whole"] == [1, 2_001]
    for answer in answers.values():
        assert set(answer["seen"]) <= set(answer["whole"])
        assert set(answer["ends"]) <= {-9, 0}
        assert answer["ends"].count(-9) == kills
    if database_url.startswith("sqlite"):
        assert _is_sound(home)
    record_property("kills and ends before them", {name: answer["ends"].count(0) for name, answer in answers.items()})


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_leaves_everything_as_it_was(
    toy_store: RecordStore, table: Path, tmp_path: Path, home: Path, run_small: Callable[..., Any]
) -> None:
    runs = toy_store.count_runs(Protocol.HEAD)
    toy_store.close()
    out = tmp_path / "out"
    out.mkdir()
    for name in ("rejects.csv", "runs.csv", "runs.parquet"):
        (out / name).write_text("old")
    before = _tree(out)
    limits = (100, 5_000, 50_000, 200_000, 400_000)
    for limit, answers in zip(limits, run_small(_LIMITED, str(table), str(out), *map(str, limits)), strict=True):
        for code, said in answers[:1] if limit > 100 else answers:
            assert code == 2, (limit, said)
            assert said.startswith("Error: "), (limit, said)
    assert {name: text for name, text in _tree(out).items() if text == b"old"}.keys() >= {"rejects.csv"}
    assert sorted(_tree(out)) == sorted(before)
    assert not (home / "rejects").exists()
    with RecordStore.open() as store:
        assert store.count_runs(Protocol.HEAD) == runs
    assert _is_sound(home)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_folders_that_are_read_only_stay_as_they_were(
    toy_store: RecordStore,
    table: Path,
    home: Path,
    shared_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_small: Callable[..., Any],
) -> None:
    toy_store.close()
    places = {name: shared_folder / name for name in ("home", "in", "out")}
    shutil.copytree(home, places["home"])
    shutil.copytree(table.parent, places["in"])
    places["out"].mkdir()
    (places["out"] / "runs.csv").write_text("old")
    for place in places.values():
        place.chmod(0o555)
    before = _tree(shared_folder)
    monkeypatch.setenv("ZOOGRAPH_HOME", str(places["home"]))
    (answers,) = run_small(_LIMITED, str(places["in"] / "runs.csv"), str(places["out"]), "none")
    for place in places.values():
        place.chmod(0o755)
    for code, said in answers:
        assert code == 2, said
        assert "is not writable" in said or "cannot be written (Permission denied)" in said
    assert _tree(shared_folder) == before
