import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.linear import LinearRegression

EMBED = HashEmbedder(8)


def test_beats_the_mean_where_cards_are_informative():
    graph = build_graph(make_synthetic_zoo(12, 60, seed=1).zoo, EMBED)
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 4 == 0
    train, pairs, target = hold_out(graph, held)
    prediction = LinearRegression().fit(train).predict(pairs)
    error = (prediction.mean - target).abs().mean()
    constant = (train[TRANSFERS_TO].edge_label.mean() - target).abs().mean()
    assert error < 0.8 * constant
    inside = (target >= prediction.lower) & (target <= prediction.upper)
    assert 0.84 < inside.float().mean() < 0.96


def test_state_brings_back_the_same_answers():
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, EMBED)
    fitted = LinearRegression().fit(graph)
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(21)).t()
    restored = LinearRegression.from_state(fitted.state(), graph)
    for a, b in zip(fitted.predict(pairs), restored.predict(pairs), strict=True):
        assert torch.equal(a, b)


def test_refuses_to_learn_from_one_record():
    graph = build_graph(make_toy_zoo(), EMBED)
    split = hold_out(graph, torch.arange(5) > 0)
    with pytest.raises(ValueError, match=r"two measured accuracies or more \(got 1\)"):
        LinearRegression().fit(split.train)
