"""Finished runs of Weights & Biases become rows."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError, ZoographError
from zoograph.data.ingest.formats.wandb_runs import read_wandb
from zoograph.data.ingest.tables import Reject

Helper = Callable[..., Any]

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
    tmp_path: Path,
    name: str,
    text: str,
    settings: dict[str, Any],
    write: Helper,
    ingest_table: Helper,
    stored: Helper,
) -> None:
    report = ingest_table(read_wandb(str(write(tmp_path / name, text))))
    assert (report.new, report.tables[0].rejected) == (1, int(name == "frame.csv"))
    assert stored() == [("vit", "pets", "head", "top1", 0.9, settings, "wandb")]


def test_a_frame_of_python_literals_is_never_run(tmp_path: Path, write: Helper) -> None:
    text = ",summary,config,name\n0,\"{'a': open('x')}\",\"{}\",calm\n"
    (reject,) = read_wandb(str(write(tmp_path / "frame.csv", text))).rows()
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
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, name: str, text: str, message: str, write: Helper) -> None:
    with pytest.raises(RawDataError, match=message):
        read_wandb(str(write(tmp_path / name, text)))


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_without_wandb_a_project_says_what_to_install() -> None:
    with pytest.raises(ZoographError, match=r"'me/mine' is no exported file, .*: pip install 'zoograph\[wandb\]'"):
        read_wandb("me/mine")


def test_runs_that_were_made_offline_are_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "offline-run-1").mkdir()
    with pytest.raises(RawDataError, match="run 'wandb sync' on their folder"):
        read_wandb(str(tmp_path / "offline-run-1"))
