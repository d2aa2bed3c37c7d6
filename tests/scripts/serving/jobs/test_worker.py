"""The process of a job: it takes its order from the input, tells where it stands, and ends with its input."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

import zoograph
from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.serving.jobs import worker
from zoograph.scripts.serving.jobs.worker import Order
from zoograph.training.choosing.choice import Plan, Trial
from zoograph.training.choosing.loop import Standing

ORDER = Order.model_validate(
    {
        "folder": "/somewhere/trees",
        "weights_dir": None,
        "budget": 60.0,
        "protocol": "head",
        "regret": 0.5,
        "domain": "photo",
        "filters": {"models": ["vit"], "max_params": 7},
        "save_model": "/models/trees",
    }
)


def test_what_is_ordered_is_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    trial = Trial("vit", Protocol.HEAD, 0.5, 1.0, 2.0, "vit", 0.5, 0.4, float("nan"), 3.0)

    class Chosen:
        notes = ("a note",)

        def as_dict(self) -> dict[str, object]:
            return {"dataset": "trees"}

    def choose(*given: Any, warn: Any, stage: Any, watch: Any, **named: Any) -> Chosen:
        asked.update(named, given=given)
        stage("Looking")
        warn("a warning")
        watch(Standing(2.0, Plan("vit", Protocol.HEAD, 1.0, 0.1), [trial], "vit", 0.5, 0.4, 0.6, 3.0))
        return Chosen()

    monkeypatch.setattr(zoograph, "choose", choose)
    said = io.BytesIO()
    assert worker.work(ORDER, said) == {"dataset": "trees", "notes": ["a warning", "a note"]}
    assert asked["given"][:4] == ("/somewhere/trees", 60.0, Protocol.HEAD, 0.5)
    assert (asked["given"][4].models, asked["given"][4].max_params) == (("vit",), 7)
    assert (asked["weights_dir"], asked["domain"], asked["save_model"]) == (None, "photo", "/models/trees")
    stage, standing = (json.loads(line) for line in said.getvalue().splitlines())
    assert stage == {"stage": "Looking"}
    assert standing["standing"]["doing"] == {"model": "vit", "level": "head", "seconds": 1.0, "gain": 0.1}
    assert standing["standing"]["trials"][0]["upper"] is None  # JSON has no NaN


PROGRAM = """
import time
from zoograph.data.errors import ZoographError
from zoograph.scripts.serving.jobs import worker
def work(order, lines):
    {}
worker.work = work
worker.main()
"""
FAIL = PROGRAM.format("print('noise'); raise ZoographError('no image')")
DAMAGED = PROGRAM.format("from zoograph.data.errors import StoreError; raise StoreError('/home/me/zoograph.db')")
LONG = PROGRAM.format("worker._tell(lines, {'stage': 'Working'}); time.sleep(600)")


def ordered(code: str) -> subprocess.Popen[bytes]:
    deaf = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{code}"  # as below a shell in the background
    process = subprocess.Popen((sys.executable, "-c", deaf), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(ORDER.model_dump_json().encode() + b"\n")
    process.stdin.flush()
    return process


def test_an_error_is_told_in_a_line_and_nothing_else_is_printed() -> None:
    with ordered(FAIL) as process:
        assert process.stdout is not None
        assert [json.loads(line) for line in process.stdout] == [{"error": "no image", "kind": "ZoographError"}]
    assert process.returncode == 0


def test_it_stops_when_its_input_ends() -> None:
    with ordered(LONG) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"stage": "Working"}
        process.stdin.close()
        assert json.loads(process.stdout.readline()) == {"stopped": True}
    assert process.returncode == 0


def test_errors_of_the_choice_are_those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(*_: Any, **__: Any) -> None:
        raise ZoographError("no time")

    monkeypatch.setattr(zoograph, "choose", choose)
    with pytest.raises(ZoographError, match="no time"):
        worker.work(ORDER, io.BytesIO())


def test_what_concerns_the_operator_is_not_told() -> None:
    with ordered(DAMAGED) as process:
        assert process.stdout is not None
        (said,) = (json.loads(line) for line in process.stdout)
    assert said["kind"] == "StoreError"
    assert said["error"].endswith("in the server's log.")
    assert "/home" not in said["error"]
