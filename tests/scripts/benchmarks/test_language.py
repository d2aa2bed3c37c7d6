"""`benchmark language`: what is printed of heads and scores."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.scripts.main import main
from zoograph.training.studies import language, small_encoders


def test_table_and_json(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    names, tasks = ("a", "b", "c"), ("news", "mail", "talk")
    pairs = [(m, d, 0.2 * i + 0.1 * j) for i, m in enumerate(names) for j, d in enumerate(tasks)]
    found = Collection(
        models=tuple(ModelCard(id=name, source="x") for name in names),
        datasets=tuple(DatasetCard(id=task, source="x", num_samples=10) for task in tasks),
        runs=tuple(Run(source="x", model=m, dataset=d, protocol=Protocol.HEAD, value=v) for m, d, v in pairs),
        scores=tuple(Score(source="x", model=m, dataset=d, name="knn", value=v) for m, d, v in pairs),
    )
    monkeypatch.setattr(language, "measure_language", lambda texts, progress: found)
    monkeypatch.setattr(small_encoders, "train_small_encoders", lambda progress: {"own": 4.5})
    ran = run_predict("benchmark", "language", "--json", entry=main)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["scores"][0]["models"]["mean"] == 1.0
    assert document["accuracies"][4] == {"model": "b", "dataset": "mail", "accuracy": pytest.approx(0.3)}
    assert document["losses"] == {"own": 4.5}
    ran = run_predict("benchmark", "language", entry=main)
    words = " ".join(ran.out.split())
    assert "b │ 0.200 │ 0.300 │ 0.400" in words
    assert "Half of 30 texts are tested on; scores see the others." in words
    assert "had not seen cost 4.50 ('own') nats each; a blind guess 8.29." in words
