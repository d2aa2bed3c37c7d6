"""The layer without PyG answers what PyG's does."""

import torch

from zoograph.models.gp.gated_conv import GatedConv
from zoograph.models.gp.plain_gated_conv import PlainGatedConv


def test_it_answers_what_the_layer_of_pyg_does() -> None:
    torch.manual_seed(0)
    learned, plain = GatedConv(4, 3), PlainGatedConv(4, 3)
    plain.load_state_dict(learned.state_dict())
    states = torch.randn(30, 4), torch.randn(20, 4)  # the last nodes have no neighbours, some have one
    index = torch.stack([torch.randint(30, (40,)), torch.randint(15, (40,))])
    attributes = torch.randn(40, 3)
    assert torch.allclose(plain(states, index, attributes), learned(states, index, attributes), atol=1e-6)
