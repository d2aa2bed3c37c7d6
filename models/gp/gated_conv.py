"""Message passing that reads what edges carry."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing


class GatedConv(MessagePassing):  # type: ignore[misc]
    r"""Mean and spread of the neighbours' states, each shifted and gated by what its edge carries.

    .. math:: m_{ji} = x_j (1 + \tanh(W_g e_{ji})) + W_s e_{ji}, \quad
        x_i' = W [\mathrm{mean}_j m_{ji} ; \mathrm{std}_j m_{ji}]

    Shapes:
        x: ((N_source, C), (N_target, C)), edge_attr (E, F) -> (N_target, C).
    """

    def __init__(self, channels: int, edge_channels: int) -> None:
        super().__init__(aggr=["mean", "std"])
        self.gate = nn.Linear(edge_channels, channels)
        self.shift = nn.Linear(edge_channels, channels)
        self.out = nn.Linear(2 * channels, channels)

    def forward(self, x: tuple[Tensor, Tensor], edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Return (N_target, C)."""
        pooled = self.propagate(edge_index, x=x, edge_attr=edge_attr, size=(len(x[0]), len(x[1])))
        return torch.as_tensor(self.out(pooled))

    def message(self, x_j: Tensor, edge_attr: Tensor) -> Tensor:
        """Return (E, C)."""
        return x_j * (1 + torch.tanh(self.gate(edge_attr))) + self.shift(edge_attr)
