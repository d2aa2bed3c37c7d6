import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import reveal
from zoograph.models.networks.gnn import TransferGNN


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo, HashEmbedder(8))


def network_for(graph, seed=0):
    torch.manual_seed(seed)
    network = TransferGNN(graph, 8, 2)
    network.fit_scale(graph)
    with torch.no_grad():  # away from the neutral start, so that every path counts
        network.decoder.out.weight.normal_()
    return network.eval()


def answer(network, graph, hidden, pairs):
    with torch.no_grad():
        return network(reveal(graph, ~hidden), pairs)


def test_a_hidden_accuracy_is_invisible_and_a_visible_one_is_not(graph):
    store = graph[TRANSFERS_TO]
    network = network_for(graph)
    hidden = torch.zeros(store.num_edges, dtype=torch.bool)
    hidden[::3] = True
    pairs = store.edge_index
    before = answer(network, graph, hidden, pairs)
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(hidden, 0.987654, store.edge_label)
    planted[reverse(TRANSFERS_TO)].edge_label = planted[TRANSFERS_TO].edge_label
    for a, b in zip(before, answer(network, planted, hidden, pairs), strict=True):
        assert torch.equal(a, b)
    # The same plant, left visible, moves the answers: the test above can fail.
    nothing = torch.zeros_like(hidden)
    assert not torch.equal(answer(network, graph, nothing, pairs)[0], answer(network, planted, nothing, pairs)[0])


def test_two_datasets_can_rank_models_differently(graph):
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(12)).t()
    network = network_for(graph)
    hidden = torch.ones(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    orders = {tuple(row.argsort().tolist()) for row in answer(network, graph, hidden, pairs)[0].reshape(6, 12).t()}
    assert len(orders) > 1


def test_outputs_are_accuracies_and_positive_spreads(graph):
    pairs = graph[TRANSFERS_TO].edge_index
    mean, spread = answer(network_for(graph), graph, torch.zeros(pairs.shape[1], dtype=torch.bool), pairs)
    assert ((mean > 0) & (mean < 1)).all()
    assert (spread > 0).all()


def test_reset_parameters_starts_at_the_mean_accuracy(graph):
    network = network_for(graph)
    network.reset_parameters()
    pairs = graph[TRANSFERS_TO].edge_index
    mean, _ = answer(network, graph, torch.zeros(pairs.shape[1], dtype=torch.bool), pairs)
    expected = graph[TRANSFERS_TO].edge_label.mean().expand_as(mean)
    assert torch.allclose(mean, expected, atol=1e-5)
