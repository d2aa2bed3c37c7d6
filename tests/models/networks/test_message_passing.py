import torch

from zoograph.models.networks.message_passing import EdgeConv


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
