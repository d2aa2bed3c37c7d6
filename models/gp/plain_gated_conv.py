"""The layer of :mod:`zoograph.models.gp.gated_conv` without PyG, whose import takes longer than an answer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-5  # PyG's: below it there is no spread, whose gradient would be infinite


class PlainGatedConv(nn.Module):
    """What :class:`zoograph.models.gp.gated_conv.GatedConv` is, with weights of the same names and shapes.

    Shapes:
        x: ((N_source, C), (N_target, C)), edge_index (2, E), edge_attr (E, F) -> (N_target, C).
    """

    def __init__(self, channels: int, edge_channels: int) -> None:
        super().__init__()
        self.gate = nn.Linear(edge_channels, channels)
        self.shift = nn.Linear(edge_channels, channels)
        self.out = nn.Linear(2 * channels, channels)

    def forward(self, x: tuple[Tensor, Tensor], edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Return (N_target, C)."""
        states, (source, target) = x[0], edge_index
        messages = states[source] * (1 + torch.tanh(self.gate(edge_attr))) + self.shift(edge_attr)
        number = torch.bincount(target, minlength=len(x[1])).clamp(min=1)[:, None].to(messages)

        def mean(values: Tensor) -> Tensor:
            return values.new_zeros(len(x[1]), values.shape[1]).index_add(0, target, values) / number

        centre = mean(messages)
        spread = (mean(messages.square()) - centre.square()).clamp(min=_LEAST_VARIANCE).sqrt()
        spread = spread.masked_fill(spread <= math.sqrt(_LEAST_VARIANCE), 0.0)
        return torch.as_tensor(self.out(torch.cat([centre, spread], dim=1)))
