"""Records in standard units, and how their noise goes with repeats."""

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.training.predictors.records import Noise, Records


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


def test_records_are_the_visible_ones(graph):
    visible = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    visible[:7] = True
    records = Records.of(graph, visible)
    assert torch.equal(records.pairs, graph[TRANSFERS_TO].edge_index[:, :7])
    back = records.latent * records.scale.spread[records.pairs[1]] + records.scale.centre[records.pairs[1]]
    assert torch.allclose(back.float(), graph[TRANSFERS_TO].edge_label[:7])
    assert sorted(records.sample(5, 0).tolist()) == records.sample(5, 0).tolist()
    assert len(records.sample(100, 0)) == 7


def test_repeats_average_their_own_noise_away_and_nothing_else():
    noise = Noise(torch.full((2, 2), 0.4), torch.zeros(2), 0.1)
    pairs = torch.tensor([[0, 1], [1, 0]])
    assert noise.of(pairs, torch.tensor([1.0, 4.0])).tolist() == pytest.approx([0.5, 0.2])


def test_a_dataset_that_ranks_nobody_gives_no_records():
    graph = build_graph(make_synthetic_zoo(30, 6).zoo, HashEmbedder(8))
    store = graph[TRANSFERS_TO]
    store.edge_label = torch.where(store.edge_index[1] == 2, 0.5, store.edge_label)
    records = Records.of(graph)
    assert 2 not in records.pairs[1]
    assert len(records.latent) == int((store.edge_index[1] != 2).sum())
    assert len(records.num_runs) == len(records.latent) == records.pairs.shape[1]
