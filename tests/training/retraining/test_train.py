"""From a store to a saved predictor: what is learned from, and a training that was killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.data.errors import PredictorError
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.networks.ensemble import NetworkConfig
from zoograph.training.retraining.held_out_cells import held_out_cells, is_held_out
from zoograph.training.retraining.train import learn, train_first, train_predictor, training_key
from zoograph.training.versions.artifact import PREDICTIONS, WEIGHTS
from zoograph.training.versions.load import load_current


def test_a_held_out_cell_changes_nothing_that_is_learned(arrivals: Any) -> None:
    runs = arrivals.zoo.runs
    held = [is_held_out(m, d) for m, d in zip(runs.model, runs.dataset, strict=True)]
    graphs = [
        arrivals.material(r, arrivals.batches()).graph()
        for r in (runs, runs.assign(value=np.where(held, 0.123, runs.value)))
    ]
    mine, other = (learn(graph, held_out_cells(graph), arrivals.config).state()[0] for graph in graphs)
    assert all(torch.equal(mine[name], other[name]) for name in mine)


NETWORK = NetworkConfig(
    hidden_channels=8, num_members=2, max_full_edges=0, batch_size=300, num_neighbors=(6, 3), min_batches=8, num_read=8
)


def test_a_killed_training_of_a_large_zoo_goes_on(
    arrivals: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first member is finished when it is killed, and so is a pass of the second."""
    monkeypatch.setattr("zoograph.training.predictors.choice.MAX_EXACT_RECORDS", 100)
    for place in ("predictors.sampled", "retraining.train"):
        monkeypatch.setattr(f"zoograph.training.{place}.LARGE", NETWORK)
    whole = train_first(tmp_path / "whole", arrivals.early())

    def kill(done: int, total: int) -> None:
        if done == total * 3 // 4 + 1:
            raise KeyboardInterrupt

    root = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        train_first(root, arrivals.early(), progress=kill)
    assert sorted(path.name for path in root.rglob("*.safetensors")) == ["0.safetensors", "1.part.safetensors"]
    assert load_current(root) is None
    again = train_first(root, arrivals.early())
    assert [path.name for path in root.glob(".*")] == []
    assert (again.folder / WEIGHTS).read_bytes() == (whole.folder / WEIGHTS).read_bytes()
    assert (again.folder / PREDICTIONS).read_bytes() == (whole.folder / PREDICTIONS).read_bytes()


def test_what_decides_how_members_turn_out_is_in_the_key(arrivals: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    material = arrivals.early()
    graph = material.graph()
    keys = {
        training_key(material, graph, None, None),
        training_key(material, graph, arrivals.config, None),
        training_key(material, graph, None, "v0"),
        training_key(arrivals.material(arrivals.zoo.runs, arrivals.batches()), graph, None, None),
        training_key(replace(material, metric=Metric.F1), graph, None, None),
    }
    monkeypatch.setattr("zoograph.training.retraining.train.LARGE", NETWORK)
    keys.add(training_key(material, graph, None, None))
    monkeypatch.setattr("zoograph.training.retraining.train.version", lambda _: "99.0")
    keys.add(training_key(material, graph, None, None))
    monkeypatch.setattr("zoograph.training.retraining.train.FORMAT", 99)
    keys.add(training_key(material, graph, None, None))
    assert len(keys) == 8
    assert training_key(material, graph, None, None) in keys


def test_a_store_is_learned_from_and_the_manifest_says_so(arrivals: Any, toy_zoo: object, tmp_path: Path) -> None:
    runs = [
        Run(source="s", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in arrivals.zoo.runs[:200].itertuples()
    ]
    with RecordStore.open() as store:
        store.add(arrivals.zoo.models.values(), arrivals.zoo.datasets.values(), runs, batch="first")
        tuned = [run.model_copy(update={"protocol": Protocol.FINETUNE}) for run in runs[:30]]
        store.add(runs=tuned, batch="tuned")
        artifact = train_predictor(store, tmp_path / "head", Protocol.HEAD, config=arrivals.config)
        assert artifact.manifest.revision == store.revision
        assert artifact.saw() == store.batch_digests()
        assert "tuned" in artifact.saw()
    assert artifact.manifest.num_records == 201  # heads alone
    assert load_current(tmp_path / "head") == artifact


def test_the_table_has_what_was_measured_as_asked_and_models_that_were_scored(arrivals: Any, tmp_path: Path) -> None:
    """Here two models and a dataset were fine-tuned alone, and one of these models was scored."""
    zoo, (scored, tuned, *others) = arrivals.zoo, arrivals.zoo.models
    asked = zoo.runs["model"].isin(others) & (zoo.runs["dataset"] != "task_0")
    scores = pd.DataFrame([[scored, "task_1", "logme", 1.0, "s"]], columns=zoo.scores.columns)
    material = arrivals.material(
        zoo.runs.assign(protocol=np.where(asked, "head", "finetune")),
        pd.Series("all", index=zoo.runs.index),
        replace(zoo, scores=scores),
    )
    artifact = train_first(tmp_path / "head", material, arrivals.config)
    manifest = artifact.manifest
    assert set(manifest.models) == {scored, *others}
    assert set(manifest.datasets) == set(zoo.runs["dataset"]) - {"task_0"}
    assert manifest.num_records == asked.sum()
    assert artifact.rows(tuned, ["task_1"]) is artifact.rows(scored, ["task_0"]) is None
    assert artifact.rows(scored, ["task_1"]) is not None


def test_too_few_records_are_an_error_that_says_what_to_do(toy_zoo: object, tmp_path: Path) -> None:
    with RecordStore.open() as store, pytest.raises(PredictorError, match=r"needs 20 .* \(got 1\)\. Bring more with"):
        train_predictor(store, tmp_path / "head", Protocol.HEAD)
    assert not (tmp_path / "head" / "current.json").exists()
