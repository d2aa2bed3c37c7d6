"""Finished runs of MLflow become rows, and its stores stay as they were."""

from __future__ import annotations

import importlib.util
import math
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zoograph.data.errors import RawDataError, UnknownName, ZoographError
from zoograph.data.ingest.formats.mlflow_runs import read_mlflow
from zoograph.data.ingest.formats.mlflow_stores import open_sqlite
from zoograph.data.ingest.ingest import IngestSettings, ingest
from zoograph.data.ingest.tables import Keep, Row
from zoograph.data.store.store import RecordStore

Helper = Callable[..., Any]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="mlflow is installed")
def test_without_mlflow_its_store_says_what_to_install() -> None:
    with pytest.raises(ZoographError, match=r"pip install 'zoograph\[mlflow\]'"):
        read_mlflow("http://127.0.0.1:9")


Metrics = dict[str, list[tuple[float, int]]]


def _runs() -> list[tuple[str, str, str, Metrics]]:
    """Experiment, state, id and the histories of metrics, values with steps, of some runs."""
    loss = {"loss": [(1.0, 0)]}
    return [
        ("birds", "FINISHED", "a", {"val_acc": [(0.7, 1), (0.95, 2), (0.9, 3), (0.4, 0)], **loss}),
        ("birds", "FINISHED", "b", {"val_acc": [(math.nan, 0)], **loss}),
        ("birds", "FAILED", "c", {"val_acc": [(0.1, 0)]}),
        ("birds", "FINISHED", "parent", {}),
        ("others", "FINISHED", "d", {"val_acc": [(0.5, 0)]}),
    ]


def _make_folder(root: Path) -> str:
    for number, name in enumerate(("birds", "others"), start=1):
        _write(root / str(number) / "meta.yaml", f"experiment_id: '{number}'\nname: {name}\nlifecycle_stage: active\n")
    for name, state, run, metrics in _runs():
        folder = root / str(1 + (name == "others")) / run
        status = {"FINISHED": 3, "FAILED": 4}[state]
        about = f"run_id: {run}\nstatus: {status}\nlifecycle_stage: active\nend_time: 1700000000000\n"
        _write(folder / "meta.yaml", about)
        for key, text in (("model", "vit"), ("dataset", "pets"), ("opt/lr", "0.1")):
            _write(folder / "params" / key, text)
        _write(folder / "tags" / "team", "a")
        _write(folder / "tags" / "mlflow.runName", "calm")
        for key, values in metrics.items():
            _write(folder / "metrics" / key, "".join(f"1 {value} {step}\n" for value, step in values))
    return str(root)


def _make_database(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT);"
            "CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, status TEXT, lifecycle_stage TEXT,"
            " start_time INTEGER, end_time INTEGER);"
            "CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT);"
            "CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT);"
            "CREATE TABLE metrics (run_uuid TEXT, key TEXT, value REAL, step INTEGER, is_nan INTEGER);"
            "CREATE TABLE latest_metrics (run_uuid TEXT, key TEXT, value REAL, step INTEGER, is_nan INTEGER);"
            "INSERT INTO experiments VALUES (1, 'birds', 'active'), (2, 'others', 'active'), (3, 'old', 'deleted');"
        )
        for name, state, run, metrics in _runs():
            place = 1 + (name == "others")
            database.execute("INSERT INTO runs VALUES (?, ?, ?, 'active', 0, 1700000000000)", (run, place, state))
            for key, text in (("model", "vit"), ("dataset", "pets"), ("opt/lr", "0.1")):
                database.execute("INSERT INTO params VALUES (?, ?, ?)", (run, key, text))
            for key, text in (("team", "a"), ("mlflow.runName", "calm")):
                database.execute("INSERT INTO tags VALUES (?, ?, ?)", (run, key, text))
            for key, values in metrics.items():
                rows = [(run, key, 0.0 if value != value else value, step, value != value) for value, step in values]
                database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
                last = max(rows, key=lambda row: row[3])
                database.execute("INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?)", last)
    return f"sqlite:///{path}"


@pytest.fixture(params=["folder", "database"])
def mlflow_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An MLflow store with two experiments, and runs that are finished, failed and not a number."""
    folder = tmp_path / "store"
    folder.mkdir()
    return _make_folder(folder / "mlruns") if request.param == "folder" else _make_database(folder / "mlflow.db")


def _snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *folder.rglob("*"))
    }


def test_finished_runs_of_mlflow_come_in(toy_store: RecordStore, mlflow_uri: str, stored: Helper) -> None:
    settings = IngestSettings(mapping={"accuracy": "val_acc"})
    report = ingest(toy_store, [read_mlflow(mlflow_uri, "birds")], settings)
    assert (report.new, report.tables[0].rejected) == (1, 1)
    ((*row, hyperparameters, source),) = stored()
    assert row == ["vit", "pets", "head", "top1", 0.9]
    assert source == "mlflow birds"
    assert hyperparameters == {"opt/lr": 0.1, "team": "a", "mlflow_run": "a"}
    assert "The last value of each run in MLflow is its result; --keep best" in report.notes[2]
    assert report.notes[3] == "1 run of MLflow is not finished and was passed over."
    everything = ingest(toy_store, [read_mlflow(mlflow_uri)], settings)
    assert (everything.new, everything.tables[0].good) == (1, 2)


def test_an_unknown_experiment_names_the_nearest(mlflow_uri: str) -> None:
    with pytest.raises(UnknownName, match=r"Unknown experiment 'bird'. Nearest names: birds"):
        read_mlflow(mlflow_uri, "bird")


class _Page(list[Any]):
    """What a client hands out at a time."""

    token: str | None = None


class _Client:
    """What MlflowClient answered for a server with a sweep, runs that are no number, and an empty experiment."""

    def __init__(self, tracking_uri: str) -> None:
        assert tracking_uri == "http://127.0.0.1:5000"

    def search_experiments(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name, experiment_id=name[0]) for name in ("birds", "empty")]

    def search_runs(self, ids: list[str], query: str, max_results: int, page_token: str | None) -> _Page:
        assert query in ("attributes.status = 'FINISHED'", "attributes.status != 'FINISHED'")
        if "!=" in query:
            return _Page([SimpleNamespace(info=SimpleNamespace(run_id="running"))] * 2)
        if ids == ["e"]:
            return _Page()
        # The server returns infinity as the largest double, and NaN as itself.
        values = (None, 0.9, math.nan, sys.float_info.max, -sys.float_info.max)
        about = {"model": "vit", "dataset": "pets", "lr": "0.1"}
        runs = [
            SimpleNamespace(
                info=SimpleNamespace(run_id=f"{number}", end_time=1_700_000_000_000),
                data=SimpleNamespace(
                    params={} if value is None else about,
                    tags={"mlflow.parentRunId": "0", "mlflow.runName": "calm"},
                    metrics={} if value is None else {"val_acc": value, "loss": math.inf},
                ),
            )
            for number, value in enumerate(values)
        ]
        page = _Page(runs[:2] if page_token is None else runs[2:])
        page.token = "more" if page_token is None else None
        return page


@pytest.fixture
def mlflow_server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a server that answers as MLflow's does; it takes no package to ask it."""
    exceptions = SimpleNamespace(MlflowException=RuntimeError)
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(MlflowClient=_Client, exceptions=exceptions))
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", exceptions)
    return "http://127.0.0.1:5000"


def test_a_server_of_mlflow_gives_what_is_a_number(toy_store: RecordStore, mlflow_server: str, stored: Helper) -> None:
    settings = IngestSettings(mapping={"accuracy": "val_acc"})
    report = ingest(toy_store, [read_mlflow(mlflow_server, "birds")], settings)
    assert (report.new, report.tables[0].good, report.tables[0].rejected) == (1, 1, 3)
    reasons = (
        "is not finite",
        "is above 100; transferability scores come in with --scores",
        "is negative; transferability scores come in with --scores",
    )
    assert [sum(reason.endswith(end) for reason in report.reasons) for end in reasons] == [1, 1, 1]
    ((*row, hyperparameters, source),) = stored()
    assert (row, source) == (["vit", "pets", "head", "top1", 0.9], "mlflow birds")
    assert hyperparameters == {"lr": 0.1, "mlflow_run": 1}


def test_an_experiment_without_a_measurement_says_so(mlflow_server: str) -> None:
    passed = r"\(2 runs of MLflow are not finished and were passed over\)"
    with pytest.raises(RawDataError, match=f"no finished run with a metric in the experiment 'empty' {passed}"):
        read_mlflow(mlflow_server, "empty")


def test_a_run_that_ended_in_no_year_has_no_time(tmp_path: Path) -> None:
    uri = _make_folder(tmp_path / "mlruns")
    meta = tmp_path / "mlruns" / "2" / "d" / "meta.yaml"
    meta.write_text(meta.read_text().replace("1700000000000", "9" * 30))
    ((row,), notes) = list(read_mlflow(uri, "others").rows()), read_mlflow(uri, "others").notes
    assert isinstance(row, Row)
    assert (row.cells["measured_at"], len(notes)) == (None, 1)


def test_a_run_that_finishes_while_it_is_read_waits_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    _make_database(path)
    with closing(sqlite3.connect(path)) as other, open_sqlite(path) as store:
        asked = store._select

        def select(query: str, values: Any = None) -> list[Any]:
            found = asked(query, values)
            with other:
                other.execute("UPDATE runs SET status = 'FINISHED'")
            return found

        store._select = select  # type: ignore[method-assign]
        assert [run.id for run in store.runs("1")] == ["a", "b", "parent"]
        assert [run.id for run in store.runs("1")] == ["a", "b", "c", "parent"]


def test_the_best_value_of_a_history_can_be_asked_for(mlflow_uri: str) -> None:
    table = read_mlflow(mlflow_uri, "others", Keep.BEST), read_mlflow(mlflow_uri, "birds", Keep.BEST)
    values = [row.cells["metrics.val_acc"] for one in table for row in one.rows() if isinstance(row, Row)]
    assert (values[:2], math.isnan(values[2])) == ([0.5, 0.95], True)


def test_reading_leaves_everything_as_it_was(tmp_path: Path, mlflow_uri: str) -> None:
    before = _snapshot(tmp_path)
    read_mlflow(mlflow_uri)
    read_mlflow(mlflow_uri.removeprefix("sqlite:///"))
    assert _snapshot(tmp_path) == before


def test_a_database_that_somebody_writes_to_is_read_and_left_alone(tmp_path: Path) -> None:
    uri = _make_database(tmp_path / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE latest_metrics SET value = 0.55 WHERE run_uuid = 'd'")
        writer.commit()
        before = _snapshot(tmp_path)
        (row,) = read_mlflow(uri, "others").rows()
        assert isinstance(row, Row)
        assert row.cells["metrics.val_acc"] == 0.55
        assert _snapshot(tmp_path) == before
    assert [row.cells["metrics.val_acc"] for row in read_mlflow(uri, "others").rows() if isinstance(row, Row)] == [0.55]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("./mlruns_typo", "There is nothing at './mlruns_typo'"),
        ("file:./mlruns_typo", "There is nothing at 'file:./mlruns_typo'"),
        ("sqlite:///typo.db", "There is nothing at 'typo.db'"),
        ("sqlite://", "There is nothing at ''"),
        ("", "There is nothing at ''"),
        ("empty", "'empty' is no store of MLflow: no experiment is in it. Give the folder that MLflow calls mlruns"),
        ("project", "Did you mean 'project/mlruns'"),
        ("project/mlruns/1", "Did you mean 'project/mlruns'"),
        ("project/mlruns/1/a", "Did you mean 'project/mlruns'"),
        ("text.db", "'text.db' is no database of SQLite"),
        ("sqlite:///other.db", "'other.db' is no database of MLflow: it has no table 'experiments'"),
        ("sqlite:///cut.db", "'cut.db' cannot be read"),
        ("s3://bucket/mlruns", "'s3://bucket/mlruns' is no address of MLflow: give a folder"),
    ],
)
def test_an_address_without_a_store_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    _make_folder(tmp_path / "project" / "mlruns")
    (tmp_path / "text.db").write_text("no database")
    with closing(sqlite3.connect("other.db")) as other, other:
        other.execute("CREATE TABLE mine (a)")
    (tmp_path / "cut.db").write_bytes((tmp_path / "other.db").read_bytes()[:100])
    before = _snapshot(tmp_path)
    with pytest.raises(RawDataError, match=re.escape(message)):
        read_mlflow(uri)
    assert _snapshot(tmp_path) == before


@pytest.mark.filterwarnings("ignore")  # those of its own
def test_a_store_that_mlflow_made_is_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for uri in ((tmp_path / "mlruns").as_uri(), f"sqlite:///{tmp_path / 'made.db'}"):
        client = mlflow.MlflowClient(tracking_uri=uri)
        run = client.create_run(client.create_experiment("birds")).info.run_id
        client.log_param(run, "model", "vit")
        for step, value in enumerate((0.9, 0.8)):
            client.log_metric(run, "val_acc", value, step=step)
        client.set_terminated(run)
        (row,) = read_mlflow(uri, "birds").rows()
        assert isinstance(row, Row)
        assert (row.cells["model"], row.cells["metrics.val_acc"], row.cells["mlflow_run"]) == ("vit", 0.8, run)
