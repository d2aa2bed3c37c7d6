import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.linear import LinearRegression
from zoograph.training.networks.ensemble import GraphNetwork, NetworkConfig

EMBED = HashEmbedder(8)
TINY = NetworkConfig(hidden_channels=8, num_members=2, num_steps=8)


def test_beats_linear_regression_on_unseen_cells():
    graph = build_graph(make_synthetic_zoo(10, 120, seed=3).zoo, EMBED)
    held = torch.rand(graph[TRANSFERS_TO].num_edges, generator=torch.Generator().manual_seed(0)) < 0.3
    train, pairs, target = hold_out(graph, held)
    ours = GraphNetwork(NetworkConfig(num_steps=80)).fit(train).predict(pairs)
    theirs = LinearRegression().fit(train).predict(pairs)
    assert (ours.mean - target).abs().mean() < 0.9 * (theirs.mean - target).abs().mean()


def test_a_held_out_answer_changes_nothing_from_training_to_intervals():
    graph = build_graph(make_synthetic_zoo(8, 30, scored=0.2, num_relations=10).zoo, EMBED)
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(held, 0.987654, graph[TRANSFERS_TO].edge_label)
    planted[reverse(TRANSFERS_TO)].edge_label = planted[TRANSFERS_TO].edge_label
    answers = [
        GraphNetwork(TINY).fit(split.train).predict(split.pairs)
        for split in (hold_out(graph, held), hold_out(planted, held))
    ]
    assert all(torch.equal(a, b) for a, b in zip(*answers, strict=True))


def test_too_few_records():
    with pytest.raises(ValueError, match=r"20 measured accuracies or more \(got 5\)"):
        GraphNetwork(TINY).fit(build_graph(make_toy_zoo(), EMBED))
