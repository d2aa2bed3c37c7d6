"""Versions of a predictor for the commands that keep predictors."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.records.records import Protocol
from zoograph.training.retraining import challenge as training
from zoograph.training.retraining.round import Round
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.verdict import Verdict

Run = Callable[..., Any]


@pytest.fixture
def history(toy_store: object, save_toy: Run) -> list[Artifact]:
    """Three versions of the head predictor: the first, one that was promoted, and one that was kept aside."""
    trials = (
        Verdict(),
        Verdict(
            start="warm", parent="v0", num_cells=30, error=0.04, parent_error=0.05, coverage=0.9, reason="Not worse."
        ),
        Verdict(parent="v1", error=0.06, parent_error=0.04, promoted=False, reason="Worse.", suspects=("b1",)),
    )
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    root = predictor_root(Protocol.HEAD, None)
    return [
        save_toy(root, version=f"v{k}", verdict=verdict, num_records=k + 1, created_at=begin + timedelta(days=k))
        for k, verdict in enumerate(trials)
    ]


@pytest.fixture
def old(history: list[Artifact], save_toy: Run) -> Path:
    """The history and one version more, all of long ago; v1 answers no more, v3 does."""
    root = predictor_root(Protocol.HEAD, None)
    save_toy(root, version="v3", verdict=Verdict(parent="v1"), created_at=datetime(2024, 1, 9, tzinfo=UTC))
    for folder in root.iterdir():
        os.utime(folder, (0, 0))
    return root


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Round]:
    """What each look at the store ends with, the first one first."""
    waiting: list[Round] = []
    monkeypatch.setattr(training, "retrain_if_needed", lambda *_, **__: waiting.pop(0))
    return waiting
