"""The noise ceiling: an oracle on measurements with binomial noise."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import norm
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import Fold, missing_edges
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.training.evaluation.ceiling import oracle_answers


@pytest.fixture
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 12).zoo, HashEmbedder(4))


@pytest.fixture
def folds(graph: HeteroData) -> list[Fold]:
    return [*missing_edges(graph, 0), *missing_edges(graph, 1)]


def test_the_oracle_measures_with_binomial_noise(graph: HeteroData, folds: list[Fold]) -> None:
    size = torch.full((graph[TRANSFERS_TO].num_edges,), 50.0)
    size[::2] = float("nan")
    graph[TRANSFERS_TO].sample_size = size
    truth = torch.full_like(size, 0.6)
    simulated, (answer, _) = oracle_answers(graph, folds, truth, seed=3)
    drawn = simulated[TRANSFERS_TO].edge_label
    assert torch.equal(drawn[::2], truth[::2])
    assert torch.allclose((drawn[1::2] * 50).round() / 50, drawn[1::2])
    assert drawn[1::2].unique().numel() > 3
    assert drawn[1::2].mean() == pytest.approx(0.6, abs=0.05)
    assert torch.equal(simulated[DATASET, "rev_transfers_to", MODEL].edge_label, drawn)

    asked = folds[0].asked
    assert torch.equal(answer.prediction.mean, truth[asked])
    half = torch.where(size.isnan(), 0.0, norm.ppf(0.95) * (0.6 * 0.4 / 50) ** 0.5)[asked]
    assert torch.allclose(answer.prediction.upper - answer.prediction.mean, half)
