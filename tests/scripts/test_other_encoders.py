"""A predictor of another text encoder is listed, retrained, rolled back and pruned like that of the default one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text import lookup
from zoograph.scripts.main import main
from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.retraining import challenge
from zoograph.training.versions import listing
from zoograph.training.versions.listing import list_versions, predictor_root
from zoograph.training.versions.load import current_version

CONFIG = TrainingConfig(num_steps=3, warm_steps=2, num_records=60)
OTHER = "hash-4"


@pytest.fixture
def run(run_predict: Callable[..., Any]) -> Callable[..., Any]:
    return partial(run_predict, entry=main)


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The encoders that can be found, by name."""
    found = {OTHER: hash_encoder(4)}
    for place in (lookup, listing):
        monkeypatch.setattr(place, "find_encoder", found.__getitem__)
    return found


@pytest.fixture
def roots(encoders: dict[str, Any], toy_store: object, save_toy: Callable[..., Any]) -> dict[str, Path]:
    """Two versions of each of two predictors, made long ago: of the default encoder and of the other one."""
    roots = {name: predictor_root(Protocol.HEAD, name) for name in (None, OTHER)}
    for name, letter in ((None, "a"), (OTHER, "b")):
        for number in (0, 1):
            fields = {} if name is None else {"encoder": OTHER, "encoder_source": OTHER}
            made = datetime(2024, 1, 1 + number, tzinfo=UTC)
            artifact = save_toy(roots[name], version=f"{letter}{number}", created_at=made, **fields)
            os.utime(artifact.folder, (0, 0))
    return {"default": roots[None], "other": roots[OTHER]}


def test_both_are_listed(roots: dict[str, Path], run: Callable[..., Any]) -> None:
    said = json.loads(run("versions", "--json").out)["predictors"]
    assert {key: known["current"] for key, known in said.items()} == {
        "head": "a1",
        roots["other"].name: "b1",
    }
    assert "retrained head, encoder 'hash-4'" in run("versions").out
    assert list(json.loads(run("versions", "--encoder", OTHER, "--json").out)["predictors"]) == [roots["other"].name]
    assert list(json.loads(run("status", "--json").out)["predictors"]) == ["head", roots["other"].name]
    assert "Unknown encoder of a predictor 'none'" in run("versions", "--encoder", "none").err


def test_either_is_rolled_back(roots: dict[str, Path], run: Callable[..., Any]) -> None:
    assert "say which with '--protocol', '--metric' and '--encoder'" in run("rollback").err
    assert run("rollback", "--encoder", OTHER).code == 0
    assert (current_version(roots["default"]), current_version(roots["other"])) == ("a1", "b0")
    assert run("rollback", "b1").code == 0
    assert current_version(roots["other"]) == "b1"


def test_both_are_pruned(roots: dict[str, Path], run: Callable[..., Any], save_toy: Callable[..., Any]) -> None:
    for number in (2, 3):
        made = datetime(2024, 1, 1 + number, tzinfo=UTC)
        save_toy(roots["other"], version=f"b{number}", encoder=OTHER, encoder_source=OTHER, created_at=made)
    for version in ("b0", "b1", "b2"):
        os.utime(roots["other"] / version, (0, 0))
    said = json.loads(run("prune", "--keep", "1", "--json").out)["predictors"]
    assert {key: done["removed"] for key, done in said.items()} == {"head": [], roots["other"].name: ["b0", "b1"]}


@pytest.fixture
def trained(encoders: dict[str, Any], toy_zoo: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    """A store with a predictor of the other encoder, hardly trained, and no other."""
    monkeypatch.setattr(challenge, "retrain_if_needed", partial(challenge.retrain_if_needed, config=CONFIG))
    made = make_synthetic_zoo(6, 12).zoo
    with RecordStore.open() as store:
        runs = [
            Run(source="t", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
            for row in made.runs.itertuples()
        ]
        store.add(made.models.values(), made.datasets.values(), runs[:-5], batch="early")
        root = predictor_root(Protocol.HEAD, OTHER)
        challenge.retrain_if_needed(store, root, Protocol.HEAD, 1, encoder=OTHER)
        store.add(runs=runs[-5:], batch="late")
        yield store


def test_it_learns_from_new_records(trained: RecordStore, run: Callable[..., Any]) -> None:
    ran = run("retrain", "--min-new", "5", "--json")
    said = json.loads(ran.out)
    # Too few cells are held out to show that it is not worse, so it is kept aside.
    assert (ran.code, said["encoder"], said["waiting"]) == (1, OTHER, {"new": 5, "gone": 0})
    root = predictor_root(Protocol.HEAD, OTHER)
    newest = list_versions(root).readable[-1]
    assert (newest.version, newest.encoder_source) == (said["trained"]["version"], OTHER)
    assert {path.name for path in root.parent.iterdir()} == {root.name}


def test_it_does_not_learn_with_weights_that_were_replaced(
    trained: RecordStore, encoders: dict[str, Any], run: Callable[..., Any]
) -> None:
    encoders[OTHER] = hash_encoder(8)
    ran = run("retrain", "--min-new", "1")
    assert ran.code == 2
    assert "The encoder 'hash-4' needs to be the one that the predictor in" in ran.err


def test_an_encoder_that_is_gone_does_not_keep_the_others_from_learning(
    roots: dict[str, Path], run: Callable[..., Any], encoders: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str | None] = []

    def look(*_: object, encoder: str | None, **__: object) -> challenge.Round:
        looked.append(encoder)
        if encoder is None:
            raise challenge.PredictorError("It is damaged.")
        return challenge.Round(challenge.Waiting(0, 0), None)

    monkeypatch.setattr(challenge, "retrain_if_needed", look)
    ran = run("retrain")
    assert looked == [None, OTHER]
    assert (ran.code, "It is damaged." in ran.err, "No new run waits" in ran.out) == (2, True, True)
