"""From a store to a saved predictor: what is learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.data.errors import PredictorError
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.retraining import train as module
from zoograph.training.retraining.held_out_cells import held_out_cells, is_held_out
from zoograph.training.retraining.train import learn, train_first, train_predictor
from zoograph.training.versions.load import load_current


def test_a_held_out_cell_changes_nothing_that_is_learned(arrivals: Any) -> None:
    runs = arrivals.zoo.runs
    held = [is_held_out(m, d) for m, d in zip(runs.model, runs.dataset, strict=True)]
    graphs = [
        arrivals.material(r, arrivals.batches()).graph()
        for r in (runs, runs.assign(value=np.where(held, 0.123, runs.value)))
    ]
    mine, other = (learn(graph, held_out_cells(graph), arrivals.config).state()[0] for graph in graphs)
    for name, learned in mine.items():
        assert torch.allclose(learned, other[name], rtol=0, atol=1e-10)  # sums are rounded as memory happens to lie


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


def test_of_very_many_records_no_table_is_made(arrivals: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_RECORDS", arrivals.early().counted.sum() - 1)
    artifact = train_first(tmp_path / "head-toy", arrivals.early(), arrivals.config)
    assert (artifact.manifest.models, artifact.manifest.datasets) == ((), ())


def test_too_few_records_are_an_error_that_says_what_to_do(toy_zoo: object, tmp_path: Path) -> None:
    with RecordStore.open() as store, pytest.raises(PredictorError, match=r"needs 20 .* \(got 1\)\. Bring more with"):
        train_predictor(store, tmp_path / "head", Protocol.HEAD)
    assert not (tmp_path / "head" / "current.json").exists()
