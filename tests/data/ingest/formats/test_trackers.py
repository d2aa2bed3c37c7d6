"""Trackers: finished runs of MLflow and Weights & Biases become rows."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zoograph.data.errors import RawDataError, UnknownName, ZoographError
from zoograph.data.ingest.formats.trackers import read_mlflow, read_wandb
from zoograph.data.ingest.ingest import IngestReport, IngestSettings, ingest
from zoograph.data.ingest.tables import Reject, Row, Table
from zoograph.data.store.store import RecordStore

WANDB_TABLE = """\
"Name","State","Created","Runtime","model","dataset","lr","test_accuracy","loss"
"calm-1","finished","2024-05-01T10:00:00.000Z","12","vit","pets","0.1","0.9","0.3"
"calm-2","crashed","2024-05-01T10:00:00.000Z","12","vit","pets","0.1","0.1","9"
"""
# As a frame of `run.summary` and `run.config` is written to CSV.
WANDB_FRAME = """\
,summary,config,name
0,"{'_step': 9, 'test_accuracy': 0.9, 'loss': 0.3}","{'model': 'vit', 'dataset': 'pets', 'lr': 0.1}",calm-1
1,"{'test_accuracy': nan}","{'model': 'vit', 'dataset': 'pets'}",calm-2
"""
WANDB_RUNS = [
    {
        "id": "abc",
        "state": "finished",
        "created_at": "2024-05-01T10:00:00Z",
        "config": {"model": {"value": "vit", "desc": None}, "dataset": {"value": "pets"}, "_wandb": {"value": {}}},
        "summary": {"test_accuracy": 0.9, "_runtime": 3},
    },
    {"id": "abd", "state": "failed", "config": {}, "summary": {}},
]


def _cells(table: Table) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in table.rows() if isinstance(row, Row)]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _ingest(store: RecordStore, table: Table) -> IngestReport:
    return ingest(store, [table], IngestSettings())


def _stored(store: RecordStore) -> list[tuple[Any, ...]]:
    columns = ("batch", "model", "dataset", "protocol", "metric", "value", "hyperparameters", "source")
    return sorted((row[1:] for part in store.stream_runs(columns) for row in part if row[0] != "shipped"), key=str)


# -- Weights & Biases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "settings"),
    [
        ("table.csv", WANDB_TABLE, {"lr": 0.1, "loss": 0.3, "wandb_run": "calm-1"}),
        ("frame.csv", WANDB_FRAME, {"lr": 0.1, "wandb_run": "calm-1"}),
        ("runs.json", json.dumps(WANDB_RUNS), {"wandb_run": "abc"}),
        ("runs.jsonl", "\n".join(map(json.dumps, WANDB_RUNS)), {"wandb_run": "abc"}),
    ],
)
def test_exports_of_wandb_give_their_finished_runs(
    toy_store: RecordStore, tmp_path: Path, name: str, text: str, settings: dict[str, Any]
) -> None:
    report = _ingest(toy_store, read_wandb(str(_write(tmp_path / name, text))))
    assert (report.new, report.tables[0].rejected) == (1, int(name == "frame.csv"))
    assert _stored(toy_store) == [("vit", "pets", "head", "top1", 0.9, settings, "wandb")]


def test_a_frame_of_python_literals_is_never_run(tmp_path: Path) -> None:
    text = ",summary,config,name\n0,\"{'a': open('x')}\",\"{}\",calm\n"
    (reject,) = read_wandb(str(_write(tmp_path / "frame.csv", text))).rows()
    assert isinstance(reject, Reject)
    assert reject.reason == "configuration and summary need to be JSON or Python literals"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("runs.json", "{}", "needs to be a list of runs"),
        ("runs.json", "[", "cannot be read"),
        ("runs.json", "[1]", "needs to be a list of runs"),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(RawDataError, match=message):
        read_wandb(str(_write(tmp_path / name, text)))


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_without_wandb_a_project_says_what_to_install() -> None:
    with pytest.raises(ZoographError, match=r"'me/mine' is no exported file, .*: pip install 'zoograph\[wandb\]'"):
        read_wandb("me/mine")


# -- MLflow ---------------------------------------------------------------------------------------


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="mlflow is installed")
def test_without_mlflow_its_store_says_what_to_install() -> None:
    with pytest.raises(ZoographError, match=r"pip install 'zoograph\[mlflow\]'"):
        read_mlflow("sqlite:///none.db")


@pytest.fixture
def mlflow_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An MLflow store in a folder, with two experiments, and runs that are finished, failed and not a number."""
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    client = mlflow.MlflowClient(tracking_uri=uri)
    for name, values in (("birds", (0.9, float("nan"), float("inf"))), ("others", (0.5,))):
        experiment = client.create_experiment(name)
        for value in values:
            run = client.create_run(experiment, tags={"team": "a"}).info.run_id
            for key, text in (("model", "vit"), ("dataset", "pets"), ("lr", "0.1")):
                client.log_param(run, key, text)
            client.log_metric(run, "val_acc", value)
            client.log_metric(run, "loss", 1.0)
            client.set_terminated(run)
        failed = client.create_run(experiment).info.run_id
        client.set_terminated(failed, "FAILED")
    return uri


def test_finished_runs_of_mlflow_come_in(toy_store: RecordStore, mlflow_uri: str) -> None:
    settings = IngestSettings(mapping={"accuracy": "val_acc"})
    report = ingest(toy_store, [read_mlflow(mlflow_uri, "birds")], settings)
    assert (report.new, report.tables[0].rejected) == (1, 2)
    ((*row, hyperparameters, source),) = _stored(toy_store)
    assert row == ["vit", "pets", "head", "top1", 0.9]
    assert source == "mlflow birds"
    assert {**hyperparameters, "mlflow_run": ""} == {"lr": 0.1, "team": "a", "mlflow_run": ""}
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
        assert query == "attributes.status = 'FINISHED'"
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


def test_a_server_of_mlflow_gives_what_is_a_number(toy_store: RecordStore, mlflow_server: str) -> None:
    settings = IngestSettings(mapping={"accuracy": "val_acc"})
    report = ingest(toy_store, [read_mlflow(mlflow_server, "birds")], settings)
    assert (report.new, report.tables[0].good, report.tables[0].rejected) == (1, 1, 3)
    reasons = (
        "is not finite",
        "is above 100; transferability scores come in with --scores",
        "is negative; transferability scores come in with --scores",
    )
    assert [sum(reason.endswith(end) for reason in report.reasons) for end in reasons] == [1, 1, 1]
    ((*row, hyperparameters, source),) = _stored(toy_store)
    assert (row, source) == (["vit", "pets", "head", "top1", 0.9], "mlflow birds")
    assert hyperparameters == {"lr": 0.1, "mlflow_run": 1}


def test_an_experiment_without_a_measurement_says_so(mlflow_server: str) -> None:
    with pytest.raises(RawDataError, match="no finished run with a metric in the experiment 'empty'"):
        read_mlflow(mlflow_server, "empty")
