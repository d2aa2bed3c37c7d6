import copy

import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import is_edge
from zoograph.training.networks.episodes import Episodes, draw_hidden
from zoograph.training.networks.module import NetworkModule


def make_graph():
    return build_graph(make_synthetic_zoo(6, 30).zoo, HashEmbedder(8))


def test_no_supervised_edge_is_visible_in_either_direction():
    graph = make_graph()
    for episode in Episodes(graph, 20, seed=0):
        shown = episode.graph[TRANSFERS_TO].edge_index
        assert not is_edge(shown, episode.pairs).any()
        assert torch.equal(episode.graph[reverse(TRANSFERS_TO)].edge_index, shown.flip(0))
        assert shown.shape[1] + episode.pairs.shape[1] == graph[TRANSFERS_TO].num_edges
        assert len(episode.target) == len(episode.sample_size) == episode.pairs.shape[1] > 0
        for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
            assert "edge_label" not in episode.graph[kind]


def test_episodes_follow_their_seed():
    graph = make_graph()
    first, again, other = ([e.target for e in Episodes(graph, 3, seed)] for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_whole_datasets_and_whole_models_get_hidden():
    graph = make_graph()
    source, target = graph[TRANSFERS_TO].edge_index
    generator = torch.Generator().manual_seed(0)
    whole_datasets = whole_models = 0
    for _ in range(50):
        hidden = draw_hidden(graph, generator)
        whole_datasets += sum(bool(hidden[target == d].all()) for d in target.unique())
        whole_models += sum(bool(hidden[source == m].all()) for m in source.unique())
    assert whole_datasets > 50 * 30 * 0.1
    assert whole_models > 50 * 6 * 0.05


def test_a_network_reads_episodes_where_the_graph_is():
    graph = make_graph()
    module = NetworkModule(graph, 8, 1, lr=0.01, num_steps=2).eval()
    here = [module.training_step(episode, 0).item() for episode in Episodes(graph, 2, seed=0)]
    with PretendDevice():
        there = copy.copy(graph)
        for store in there.stores:
            for name, value in store.items():
                store[name] = value.to(PRETEND) if isinstance(value, torch.Tensor) else value
        for part in module.modules():
            for held in (part._parameters, part._buffers):
                held |= {name: value.detach().to(PRETEND) for name, value in held.items() if value is not None}
        assert [module.training_step(episode, 0).item() for episode in Episodes(there, 2, seed=0)] == here
