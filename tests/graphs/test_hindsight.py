"""A score known only after training on the dataset, or of other targets, changes nothing that a predictor sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import HINDSIGHT, PARAMETER_DISTANCE, Score
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import SCORED_ON, TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.linear import LinearRegression
from zoograph.training.evaluation.score_quality import score_quality
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

TINY = TrainingConfig(num_steps=3, num_records=60)


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    return make_synthetic_zoo(6, 14, scored=0.5, num_relations=10).zoo


def with_answers(zoo: Zoo, name: str) -> Zoo:
    """Return a zoo in which a score of every pair is the accuracy that is to be predicted."""
    planted = zoo.runs[["model", "dataset", "value"]].assign(name=name, source="planted")[list(zoo.scores.columns)]
    return replace(zoo, scores=pd.concat([zoo.scores, planted], ignore_index=True))


KEPT_ALONE = [PARAMETER_DISTANCE, Target.VALUES.stored("logme"), Target.PIXELS.stored("knn")]


@pytest.mark.parametrize("name", KEPT_ALONE)
def test_a_planted_answer_is_not_in_the_graph(zoo: Zoo, name: str) -> None:
    plain, planted = (build_graph(part, HashEmbedder(4)) for part in (zoo, with_answers(zoo, name)))
    assert planted.vocabulary == plain.vocabulary
    for store, other in zip(plain.stores, planted.stores, strict=True):
        for key, value in store.items():
            same = torch.allclose(value, other[key], equal_nan=True) if torch.is_tensor(value) else value == other[key]
            assert same, key
    # The control: the same under another name is seen.
    assert "spoken" in build_graph(with_answers(zoo, "spoken"), HashEmbedder(4))[SCORED_ON].names


def test_nor_if_a_vocabulary_asks_for_it(zoo: Zoo) -> None:
    asked = {SCORED_ON[1]: [PARAMETER_DISTANCE, *sorted(zoo.scores["name"].unique())]}
    graph = build_graph(with_answers(zoo, PARAMETER_DISTANCE), HashEmbedder(4), vocabulary=asked)
    assert PARAMETER_DISTANCE not in graph[SCORED_ON].names
    assert torch.equal(graph[SCORED_ON].edge_attr, build_graph(zoo, HashEmbedder(4))[SCORED_ON].edge_attr)


@pytest.mark.parametrize("method", [LinearRegression, lambda: EvidencePredictor(TINY)], ids=["linear", "graph"])
def test_predictions_do_not_read_it(zoo: Zoo, method: type[LinearRegression]) -> None:
    answers = []
    for name in (None, PARAMETER_DISTANCE, Target.VALUES.stored("logme")):
        graph = build_graph(zoo if name is None else with_answers(zoo, name), HashEmbedder(4))
        split = hold_out(graph, torch.arange(graph[TRANSFERS_TO].num_edges) % 3 == 0)
        answers.append(method().fit(split.train).predict(split.pairs))
    for alone, *planted in zip(*answers, strict=True):
        assert all(torch.equal(alone, other) for other in planted)


def test_a_snapshot_without_it_is_the_snapshot_before_it(zoo: Zoo) -> None:
    planted = with_answers(zoo, PARAMETER_DISTANCE)
    assert planted.fingerprint() != zoo.fingerprint()
    assert planted.without_hindsight().fingerprint() == zoo.without_hindsight().fingerprint() == zoo.fingerprint()


def test_it_is_not_ranked_among_the_scores(zoo: Zoo) -> None:
    names = [row.name for row in score_quality(with_answers(zoo, PARAMETER_DISTANCE))]
    assert names == [row.name for row in score_quality(zoo)]


@pytest.mark.usefixtures("toy_zoo")
def test_the_store_keeps_it_and_asks_for_no_new_answer(home: Path) -> None:
    pair = {"source": "mine", "model": "resnet", "dataset": "birds_1"}
    with RecordStore.open() as store:
        before = store.score_digests()
        store.add(scores=[Score(**pair, name=name, value=1.5) for name in KEPT_ALONE])
        assert store.score_digests() == store.score_digests(["birds_1"]) == before
        assert sorted(store.snapshot().scores["name"]) == sorted(KEPT_ALONE)
        store.add(scores=[Score(**pair, name="logme", value=1.5)])
        assert set(store.score_digests()) == {"birds_1"}
    assert PARAMETER_DISTANCE in HINDSIGHT
