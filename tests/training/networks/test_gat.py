import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.training.networks.gat import GraphAttention, _held_out


def test_learns_more_than_the_mean():
    graph = build_graph(make_synthetic_zoo(8, 40, seed=7).zoo, HashEmbedder(8))
    train, pairs, target = hold_out(graph, torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0)
    before = torch.get_rng_state()
    prediction = GraphAttention(16, num_steps=80).fit(train).predict(pairs)
    assert torch.equal(torch.get_rng_state(), before)
    constant = (train[TRANSFERS_TO].edge_label.mean() - target).abs().mean()
    assert (prediction.mean - target).abs().mean() < 0.8 * constant


def test_held_out_are_records_and_a_whole_dataset():
    datasets = torch.arange(20).repeat_interleave(10)
    held = _held_out(datasets)
    rest, whole = held.reshape(20, 10).sum(1).eq(10), held.sum()
    assert rest.sum() == 2
    assert 20 + 10 < whole < 45
    assert int(_held_out(torch.tensor([0, 0, 1, 1])).sum()) <= 3


def test_refuses_three_records():
    split = hold_out(build_graph(make_toy_zoo(), HashEmbedder(8)), torch.arange(5) > 2)
    with pytest.raises(ValueError, match=r"needs 4 measured accuracies or more \(got 3\)"):
        GraphAttention().fit(split.train)
