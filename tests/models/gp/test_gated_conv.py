"""What the layer says, by hand."""

import pytest
import torch

from zoograph.models.gp.gated_conv import GatedConv


def test_mean_and_spread_of_gated_messages_by_hand() -> None:
    conv = GatedConv(1, 1)
    with torch.no_grad():
        conv.gate.weight.zero_()
        conv.gate.bias.zero_()
        conv.shift.weight.fill_(1.0)
        conv.shift.bias.zero_()
        conv.out.weight.copy_(torch.tensor([[1.0, 10.0]]))
        conv.out.bias.zero_()
    x = torch.tensor([[1.0], [3.0]])
    out = conv((x, torch.zeros(2, 1)), torch.tensor([[0, 1], [0, 0]]), torch.tensor([[0.0], [2.0]]))
    # messages 1 and 5: mean 3, standard deviation 2
    assert out[0].item() == pytest.approx(23.0, abs=1e-3)
