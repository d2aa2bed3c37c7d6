"""The number of records chooses the predictor, and its state says which it was."""

from __future__ import annotations

import pytest
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.training.networks.ensemble import NetworkConfig
from zoograph.training.predictors.choice import load_predictor, make_predictor
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig
from zoograph.training.predictors.sampled import SampledPredictor


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(4))


def test_the_number_of_records_chooses(graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "zoograph.training.predictors.choice.MAX_EXACT_RECORDS"
    monkeypatch.setattr(place, graph[TRANSFERS_TO].num_edges)
    assert isinstance(make_predictor(graph), ExactPredictor)
    monkeypatch.setattr(place, graph[TRANSFERS_TO].num_edges - 1)
    assert isinstance(make_predictor(graph), SampledPredictor)


def test_a_state_comes_back_as_the_kind_that_it_was(graph: HeteroData) -> None:
    exact = ExactPredictor(TrainingConfig(num_members=2, num_iterations=(1, 1, 1), num_records=(20, 20)))
    sampled = SampledPredictor(NetworkConfig(hidden_channels=4, num_members=2, max_full_edges=0, min_batches=1))
    for predictor in (exact, sampled):
        assert type(load_predictor(*predictor.fit(graph).state(), graph)) is type(predictor)
