"""Predictors that are saved instead of trained, for tests of answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.predictors import evidence
from zoograph.training.retraining import train as fit
from zoograph.training.versions import restore
from zoograph.training.versions.artifact import Artifact

Save = Callable[..., Artifact]


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, toy_zoo: Collection, save_toy: Save) -> list[Path]:
    """Folders that were trained for, where training is nothing but saving, and one record is enough for it."""
    roots: list[Path] = []

    def train(store: RecordStore, root: Path, protocol: Protocol, *_: object, **__: object) -> Artifact:
        roots.append(root)
        return save_toy(root, saw=store.batch_digests(), protocol=protocol, revision=store.revision)

    monkeypatch.setattr(fit, "train_predictor", train)
    monkeypatch.setattr(evidence, "MINIMUM_RECORDS", 1)
    return roots


@pytest.fixture
def asked(trainings: list[Path], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Pairs that the saved table did not answer; they are all answered alike."""
    asked: list[tuple[str, str]] = []

    def predict(graph: object, predictor: object, baseline: object, pairs: list[tuple[str, str]]) -> list[object]:
        asked.extend(pairs)
        return [{"mean": 0.5, "lower": 0.25, "upper": 0.75, "baseline": 0.5}] * len(pairs)

    monkeypatch.setattr(restore, "load_on", lambda *_: (None, None, None))
    monkeypatch.setattr(restore, "predict_pairs", predict)
    return asked
