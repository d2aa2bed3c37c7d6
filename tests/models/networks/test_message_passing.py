import torch

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DERIVED_FROM, PRETRAINED_ON, reverse
from zoograph.graphs.splits import reveal
from zoograph.models.networks.gnn import TransferGNN
from zoograph.models.networks.message_passing import EdgeConv, edge_channels


def test_edge_conv_is_the_mean_of_relu_messages():
    conv = EdgeConv(2, 1)
    with torch.no_grad():
        conv.source.weight.copy_(torch.eye(2))
        conv.source.bias.zero_()
        conv.edge.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        conv.out.weight.copy_(2 * torch.eye(2))
    source, target = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(3, 2)
    edges = torch.tensor([[0, 1, 1], [0, 0, 2]])
    out = conv((source, target), edges, torch.tensor([[1.0], [10.0], [0.0]]))
    # messages: relu([1+1, 2-1]) = [2, 1]; relu([3+10, 4-10]) = [13, 0]; relu([3, 4]) = [3, 4]
    assert out.tolist() == [[15.0, 1.0], [0.0, 0.0], [6.0, 8.0]]


def test_edge_conv_within_one_node_type_and_without_attributes():
    conv = EdgeConv(2, 0)
    x = torch.randn(3, 2)
    edges = torch.tensor([[0], [1]])
    assert torch.equal(conv(x, edges), conv((x, x), edges))


def test_order_of_edges_does_not_matter():
    conv = EdgeConv(4, 1)
    x, edges, attributes = torch.randn(5, 4), torch.randint(5, (2, 9)), torch.randn(9, 1)
    order = torch.randperm(9)
    again = conv(x, edges[:, order], attributes[order])
    assert torch.allclose(conv(x, edges, attributes), again, atol=1e-6)


def test_lineage_and_chains_of_corpora_have_channels_where_there_are_any():
    zoo = make_toy_zoo()
    plain = edge_channels(build_graph(zoo, HashEmbedder(4)))
    assert DERIVED_FROM not in plain
    assert plain[PRETRAINED_ON] == 0
    tuned = ModelCard(
        id="tuned",
        source="toy",
        corpora=("s1", "corpus"),
        derived_from=(Lineage(kind=LineageKind.FINE_TUNED, model="small"),),
    )
    graph = build_graph(zoo.with_cards([tuned]), HashEmbedder(4))
    rich = edge_channels(graph)
    assert (rich[DERIVED_FROM], rich[reverse(DERIVED_FROM)], rich[PRETRAINED_ON]) == (2, 2, 2)
    assert {kind for kind in rich if rich[kind] != plain.get(kind)} == {
        DERIVED_FROM,
        reverse(DERIVED_FROM),
        PRETRAINED_ON,
        reverse(PRETRAINED_ON),
    }
    network = TransferGNN(graph, 8, 1)
    network.fit_scale(graph)
    seen = reveal(graph, torch.ones(graph["transfers_to"].num_edges, dtype=torch.bool))
    mean, _ = network(seen, torch.tensor([[3], [0]]))
    assert 0 < mean.item() < 1
