import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import reveal
from zoograph.models.networks.gat import SkipGAT


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(5, 9).zoo, HashEmbedder(8))


def network_for(graph):
    torch.manual_seed(0)
    network = SkipGAT(graph, 8, 2, 2)
    network.fit_scale(graph)
    return network.eval()


def test_starts_at_the_mean_accuracy(graph):
    pairs = graph[TRANSFERS_TO].edge_index
    everything = torch.ones(pairs.shape[1], dtype=torch.bool)
    start = network_for(graph)(reveal(graph, everything), pairs)
    assert torch.allclose(start, graph[TRANSFERS_TO].edge_label.mean().expand(len(start)), atol=1e-6)


def test_reads_visible_accuracies_and_no_hidden_ones(graph):
    network = network_for(graph)
    torch.nn.init.normal_(network.out.weight)
    store = graph[TRANSFERS_TO]
    hidden = torch.arange(store.num_edges) % 3 == 0
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(hidden, 0.9, store.edge_label)
    pairs = store.edge_index
    with torch.no_grad():
        assert torch.equal(network(reveal(graph, ~hidden), pairs), network(reveal(planted, ~hidden), pairs))
        shown = torch.ones_like(hidden)
        assert not torch.equal(network(reveal(graph, shown), pairs), network(reveal(planted, shown), pairs))


def test_decoder_reads_the_card_and_every_layer(graph):
    network = network_for(graph)
    assert network.decoder[1].in_features == 2 * 8 * (1 + 2)
    pairs = torch.tensor([[0, 1, 2], [0, 1, 2]])
    nothing = reveal(graph, torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool))
    torch.nn.init.normal_(network.out.weight)
    alone = network(nothing, pairs)  # nodes without any edge
    assert alone.isfinite().all()
    assert len(set(alone.tolist())) == 3


def test_width_must_divide(graph):
    with pytest.raises(ValueError, match=r"'hidden_channels' must be a multiple of 'num_heads', 4 \(got 6\)"):
        SkipGAT(graph, 6)
