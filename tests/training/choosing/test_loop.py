"""The loop with a predictor and a laboratory that are made up: what is measured next, and when it stops."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.opinion import Opinion, Prior
from zoograph.training.choosing.laboratory import Found, Wanted
from zoograph.training.choosing.loop import Loop
from zoograph.training.choosing.seconds import Seconds, Work

HEAD = Protocol.HEAD
CARDS = tuple(ModelCard(id=name, source="t") for name in ("a", "b", "c", "d"))


class Made:
    """A predictor that expects 0.6, 0.5, 0.4 and 0.3, and a laboratory that finds 0.7, 0.9, 0.4 and 0.3."""

    question = SimpleNamespace(protocol=HEAD)
    cards = CARDS

    def __init__(self, deviation: float, at_once: int = 1) -> None:
        self.found: dict[tuple[str, Protocol], float] = {}
        self.deviation, self.at_once = deviation, at_once
        self.rounds: list[list[str]] = []

    def ask(self, stage: object, progress: object) -> Opinion:
        mean = torch.tensor([0.6, 0.5, 0.4, 0.3], dtype=torch.float64)
        belief = Belief(mean, self.deviation**2 * torch.eye(4, dtype=torch.float64), torch.full((4,), 1e-6).double())
        known = Provenance("v", "", "", 1, 0, True, 0, "")
        prior = Prior(("a", "b", "c", "d"), mean, mean, mean, torch.arange(4), belief, known, HEAD)
        return Opinion(prior, dict(self.found), HEAD, {HEAD: 30.0})

    def learn(self, model: str, level: Protocol, value: float) -> None:
        self.found[model, level] = value

    def leave_out(self, model: str) -> None:
        raise AssertionError(model)

    def measure(self, wanted: Sequence[Wanted], progress: object) -> list[Any]:
        self.rounds.append([one.card.id for one in wanted])
        values = {"a": 0.7, "b": 0.9, "c": 0.4, "d": 0.3}
        runs = [SimpleNamespace(value=values[one.card.id], hyperparameters={"warnings": ["Look."]}) for one in wanted]
        return [Found(run, 1.0) for run in runs]  # type: ignore[arg-type]


def _loop(made: Any, budget: float = 1e6, threshold: float = 1.0, speed: float = 100.0) -> Loop:
    seconds = Seconds({card.id: speed for card in CARDS}, {HEAD: Work(100, 70, 3)})
    sources = dict.fromkeys("abcd")
    return Loop(time.monotonic(), budget, threshold, sources, made, made, seconds)  # type: ignore[arg-type]


def test_it_begins_with_the_leader_and_stops_when_little_is_left_to_lose() -> None:
    loop = _loop(Made(deviation=0.05))
    loop.run()
    assert [trial.model for trial in loop.trials] == ["a", "b", "c"]  # three at least
    assert loop.stopped == "regret"
    assert [loop.rank()[0].model, loop.trials[-1].leader] == ["b", "b"]
    assert loop.trials[-1].regret < loop.first_regret < 1.0
    assert loop.warnings == ["Look."]
    plan = loop.plan()
    assert plan is not None
    assert plan.model == "d"


def test_who_leads_is_told_after_what_is_measured_so_that_it_stays() -> None:
    told: list[str] = []
    _loop(Made(deviation=0.05)).run(stage=told.append, watch=lambda standing: told.append(standing.leader))
    assert told[:4] == ["a: retrained head", "a", "b: retrained head", "a"]


def test_where_much_may_be_lost_everything_is_measured() -> None:
    loop = _loop(Made(deviation=0.5), threshold=0.0)
    loop.run()
    assert (sorted(trial.model for trial in loop.trials), loop.stopped) == (["a", "b", "c", "d"], "exhausted")
    assert loop.plan() is None


def test_a_budget_is_kept_or_said_to_be_too_short() -> None:
    with pytest.raises(ZoographError, match=r"A budget of 5 s is too short for one candidate: the quickest, 'a'"):
        _loop(Made(0.5), budget=5.0, speed=1.0).run()
    loop = _loop(made := Made(0.5), budget=5.0, speed=1.0)
    made.found["c", HEAD] = 0.4
    loop.run()
    assert (loop.trials, loop.stopped) == ([], "budget")


def test_several_are_measured_at_a_time_once_the_level_is_known() -> None:
    loop = _loop(made := Made(deviation=0.5, at_once=2), threshold=0.0)
    loop.run()
    assert made.rounds[0] == ["a"]  # what it tells of the level decides what is worth most next
    assert [len(each) for each in made.rounds[1:]] == [2, 1]
    assert [trial.model for trial in loop.trials] == [name for each in made.rounds for name in each]
    assert sorted(trial.model for trial in loop.trials) == ["a", "b", "c", "d"]


def test_what_fails_beside_another_is_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made, gone = Made(deviation=0.5, at_once=2), []
    measure = made.measure

    def fail_once(wanted: Sequence[Wanted], progress: object) -> list[Any]:
        found = measure(wanted, progress)
        return [Found(None, reason="no weights") if one.card.id == "b" else it
                for one, it in zip(wanted, found, strict=True)]  # fmt: skip

    def leave_out(model: str) -> None:
        gone.append(model)
        made.found[model, HEAD] = 0.0

    monkeypatch.setattr(made, "measure", fail_once)
    monkeypatch.setattr(made, "leave_out", leave_out)
    loop = _loop(made, threshold=0.0)
    loop.run()
    assert [(one.model, one.reason) for one in loop.left] == [("b", "no weights")]
    assert gone == ["b"]
    assert "b" not in {trial.model for trial in loop.trials}
