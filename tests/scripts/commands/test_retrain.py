"""``retrain`` from the outside: when it trains, what it says of the result, and how it goes on watching."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.networks import devices
from zoograph.data.records.records import Protocol
from zoograph.data.records.records import Run as RunRecord
from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands import retrain as module
from zoograph.scripts.commands.prune import prune
from zoograph.scripts.commands.retrain import _parse_every, retrain
from zoograph.scripts.commands.status import status
from zoograph.scripts.commands.versions import rollback, versions
from zoograph.training.retraining import challenge as training
from zoograph.training.retraining.round import Round, Waiting
from zoograph.training.versions.artifact import Artifact

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., Any]


def test_too_little_is_said(history: list[Artifact], rounds: list[Round], run_zoograph: Run) -> None:
    rounds.append(Round(Waiting(3, 0), None))
    ran = run_zoograph("retrain")
    assert ran.code == 0
    assert ran.out.startswith("retrained head: 3 new runs wait, too few to retrain")


def test_where_none_is_in_use_those_of_whose_kind_runs_came_have_their_turn(
    toy_store: RecordStore, rounds: list[Round], run_zoograph: Run
) -> None:
    rounds.append(Round(Waiting(0, 0), None))
    assert run_zoograph("retrain").out.startswith("retrained head: ")
    about: dict[str, Any] = {"source": "mine", "model": "vit", "dataset": "birds_1", "value": 0.5}
    toy_store.add(runs=[RunRecord(**about, protocol=Protocol.FINETUNE), RunRecord(**about, protocol=Protocol.PROBE)])
    rounds += [Round(Waiting(1, 0), None), Round(Waiting(1, 0), None)]
    said = run_zoograph("retrain").out.splitlines()
    assert [line.partition(":")[0] for line in said] == ["probe on a small sample", "full fine-tuning"]


def test_one_that_was_promoted_and_one_that_was_kept_aside(
    history: list[Artifact], rounds: list[Round], run_zoograph: Run
) -> None:
    rounds += [Round(Waiting(30, 0), history[1]), Round(Waiting(30, 0), history[2])]
    ran = run_zoograph("retrain")
    assert ran.code == 0
    assert ran.out.splitlines()[1:] == ["Not worse.", "It is in use from now on."]
    ran = run_zoograph("retrain")
    assert ran.code == 1
    assert "Not put into use: 'v1' stays. 'zoograph undo b1' removes a batch; 'zoograph rollback v2'" in ran.out


def test_retrain_as_json(history: list[Artifact], rounds: list[Round], run_zoograph: Run) -> None:
    rounds.append(Round(Waiting(30, 1), history[2]))
    ran = run_zoograph("retrain", "--json")
    said = json.loads(ran.out)
    assert (ran.code, said["protocol"], said["waiting"]) == (1, "head", {"new": 30, "gone": 1})
    assert (said["metric"], said["modality"]) == ("top1", "image")
    assert (said["trained"]["version"], said["trained"]["suspects"]) == ("v2", ["b1"])


def test_where_to_learn_is_looked_for_first_and_handed_on(
    history: list[Artifact], run_zoograph: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run_zoograph("retrain", "--device", "abacus")
    assert (ran.code, ran.out) == (2, "")
    assert "The device 'abacus' cannot be used" in ran.err
    told: list[Any] = []
    monkeypatch.setattr(devices, "find_device", lambda name: torch.device(name))
    monkeypatch.setattr(
        training, "retrain_if_needed", lambda *_, device, **__: (told.append(device), Round(Waiting(3, 0), None))[1]
    )
    assert run_zoograph("retrain", "--device", "cuda").code == 0
    assert told == [torch.device("cuda")]


def test_watching_goes_on_after_an_error(
    history: list[Artifact], rounds: list[Round], run_zoograph: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    outcomes = [ZoographError("The store is busy."), Round(Waiting(0, 0), None), Round(Waiting(9, 0), None)]

    def look(*_: object, **__: object) -> Round:
        outcome = outcomes.pop(0)
        if isinstance(outcome, ZoographError):
            raise outcome
        return outcome

    monkeypatch.setattr(training, "retrain_if_needed", look)
    monkeypatch.setattr(module.time, "sleep", pause)
    ran = run_zoograph("retrain", "--watch", "--every", "30m")
    assert (ran.code, pauses) == (130, [1800, 1800, 1800])
    assert ran.err == "Error: The store is busy.\n"
    assert "No new run waits" in ran.out
    assert "9 new runs wait" in ran.out


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "1w", "1h30m", "9" * 20 + "d"])
def test_how_often_needs_a_unit(text: str) -> None:
    with pytest.raises(ZoographError, match="takes a number and one of s, m, h, d"):
        _parse_every(text)


def test_retrain_removes_old_ones_if_asked(old: Path, rounds: list[Round], run_zoograph: Run) -> None:
    rounds += [Round(Waiting(0, 0), None)] * 2
    assert run_zoograph("retrain").code == 0
    assert (old / "v0").is_dir()
    assert run_zoograph("retrain", "--keep", "1").code == 0
    assert sorted(path.name for path in old.iterdir()) == ["current.json", "v1", "v3"]


def test_the_page_names_options_that_exist() -> None:
    page = (ROOT / "docs" / "living-zoo.md").read_text(encoding="utf-8")
    for command in (retrain, versions, rollback, prune, status):
        assert f"zoograph {command.__name__}" in page
    for option in ("--watch", "--every 1h", "--min-new 25"):
        assert option in page
