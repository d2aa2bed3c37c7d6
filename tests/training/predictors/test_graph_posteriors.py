"""An ensemble is conditioned on the records of a graph once, however often it is asked."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import pair_folds
from zoograph.training.predictors.conditioned import Conditioned
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig
from zoograph.training.predictors.graph_posteriors import GraphPosteriors
from zoograph.training.predictors.plain_member import PlainGP

TINY = TrainingConfig(num_members=2, num_iterations=(1, 1, 1), num_records=(30, 30))


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def fitted(graph: HeteroData) -> ExactPredictor:
    return ExactPredictor(TINY).fit(graph)


@pytest.fixture
def conditionings(monkeypatch: pytest.MonkeyPatch) -> list[HeteroData]:
    """The graph of each time that members were conditioned."""
    graphs: list[HeteroData] = []
    real = Conditioned.on.__func__  # type: ignore[attr-defined]

    def on(cls: Any, graph: HeteroData, *rest: Any) -> Conditioned:
        graphs.append(graph)
        return real(cls, graph, *rest)

    monkeypatch.setattr(Conditioned, "on", classmethod(on))
    return graphs


def test_a_fold_is_not_seen_by_its_own_member(graph: HeteroData) -> None:
    members = [PlainGP(graph).requires_grad_(False) for _ in range(3)]
    posteriors = GraphPosteriors(graph, members)
    edges = graph[TRANSFERS_TO].edge_index
    folds = pair_folds(graph, edges, 3)
    for number, honest in enumerate(posteriors.out_of_fold):
        assert len(honest.posteriors) == 1
        assert torch.equal(honest.records.pairs, edges[:, folds != number])
    assert len(posteriors.whole.posteriors) == 3
    assert posteriors.whole is posteriors.whole


def test_a_restored_predictor_conditions_once_on_each_graph(
    graph: HeteroData, fitted: ExactPredictor, conditionings: list[HeteroData]
) -> None:
    restored = ExactPredictor.from_state(*fitted.state(), graph)
    measured, other = graph[TRANSFERS_TO].edge_index[:, :5], graph.clone()
    for place in (None, other, other, None, graph):
        restored.predict(measured, place)
        restored.posterior(place)
    # On all records, and without each of two folds.
    assert [sum(found is place for found in conditionings) for place in (graph, other)] == [3, 3]


def test_what_is_not_asked_for_is_not_conditioned(
    graph: HeteroData, fitted: ExactPredictor, conditionings: list[HeteroData]
) -> None:
    restored = ExactPredictor.from_state(*fitted.state(), graph)
    assert conditionings == []
    restored.posterior(graph.clone())
    assert len(conditionings) == 1
