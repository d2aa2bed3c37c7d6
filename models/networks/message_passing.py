"""Message passing that reads edge attributes, over every edge type."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv, MessagePassing

from zoograph.graphs.schema import DERIVED_FROM, EDGE_TYPES, INFLUENCES, TRANSFERS_TO, EdgeType, reverse
from zoograph.models.standardizer import Standardizer


class EdgeConv(MessagePassing):  # type: ignore[misc]
    r"""Mean of what the neighbours say, each message shaped by its edge's attributes.

    .. math:: m_i = \frac{1}{|N(i)|} \sum_{j \in N(i)} W_2\,\mathrm{relu}(W_1 x_j + W_e e_{ji})

    Shapes:
        x: ((N_source, hidden), (N_target, hidden)), edge_attr (E, F) -> (N_target, hidden).
    """

    def __init__(self, hidden_channels: int, edge_channels: int) -> None:
        super().__init__(aggr="mean")
        self.source = nn.Linear(hidden_channels, hidden_channels)
        self.edge = nn.Linear(edge_channels, hidden_channels, bias=False) if edge_channels else None
        self.out = nn.Linear(hidden_channels, hidden_channels, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        for layer in (self.source, self.edge, self.out):
            if layer is not None:
                layer.reset_parameters()

    def forward(self, x: Tensor | tuple[Tensor, Tensor], edge_index: Tensor, edge_attr: Tensor | None = None) -> Tensor:
        """Return (N_target, hidden)."""
        x = (x, x) if isinstance(x, Tensor) else x
        pooled = self.propagate(
            edge_index, x=(self.source(x[0]), x[1]), edge_attr=edge_attr, size=(len(x[0]), len(x[1]))
        )
        return torch.as_tensor(self.out(pooled))

    def message(self, x_j: Tensor, edge_attr: Tensor | None) -> Tensor:
        """Return (E, hidden)."""
        if self.edge is not None and edge_attr is not None:
            x_j = x_j + self.edge(edge_attr)
        return torch.relu(x_j)


class MessagePassingStack(nn.Module):
    """Rounds of message passing over all edge types, each with a residual path."""

    def __init__(self, edge_channels: dict[EdgeType, int], hidden_channels: int, num_layers: int) -> None:
        super().__init__()
        kinds = sorted({kind for source, _, target in edge_channels for kind in (source, target)})
        self.convs = nn.ModuleList(
            HeteroConv({kind: EdgeConv(hidden_channels, f) for kind, f in edge_channels.items()}, aggr="sum")
            for _ in range(num_layers)
        )
        self.norms = nn.ModuleList(
            nn.ModuleDict({kind: nn.LayerNorm(hidden_channels) for kind in kinds}) for _ in range(num_layers)
        )

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        for module in self.modules():
            if isinstance(module, EdgeConv | nn.LayerNorm):
                module.reset_parameters()

    def forward(
        self,
        x_dict: dict[str, Tensor],
        edge_index_dict: dict[EdgeType, Tensor],
        edge_attr_dict: dict[EdgeType, Tensor],
    ) -> dict[str, Tensor]:
        """Return ``x_dict`` after every round."""
        for number in range(len(self.convs)):
            x_dict = self.pass_once(number, x_dict, edge_index_dict, edge_attr_dict)
        return x_dict

    def pass_once(
        self,
        number: int,
        x_dict: dict[str, Tensor],
        edge_index_dict: dict[EdgeType, Tensor],
        edge_attr_dict: dict[EdgeType, Tensor],
    ) -> dict[str, Tensor]:
        """Return ``x_dict`` after the round of that ``number``, from the states after the one before."""
        messages = self.convs[number](x_dict, edge_index_dict, edge_attr_dict)
        norms = cast(nn.ModuleDict, self.norms[number])
        return {
            kind: torch.relu(norms[kind](x + messages[kind])) if kind in messages else x for kind, x in x_dict.items()
        }


def edge_channels(graph: HeteroData) -> dict[EdgeType, int]:
    """Return how many numbers :func:`edge_attributes` gives an edge of each type.

    Influences and lineage count where the graph's vocabulary has any.
    """
    absent = [kind for kind in (INFLUENCES, DERIVED_FROM) if not graph[kind].names]
    unknown = {*absent, *map(reverse, absent)}
    channels = {}
    for kind in EDGE_TYPES:
        if kind in unknown:
            continue
        mask = graph[kind].get("edge_attr_mask")
        accuracy = kind in (TRANSFERS_TO, reverse(TRANSFERS_TO))
        channels[kind] = 1 if accuracy else 0 if mask is None else 2 * mask.shape[1]
    return channels


def edge_attributes(graph: HeteroData, scalers: dict[EdgeType, Standardizer]) -> dict[EdgeType, Tensor]:
    """Return ``edge_attr_dict`` of a graph that went through :func:`zoograph.graphs.splits.reveal`.

    Each attribute is scaled and comes with its flag of being known; an accuracy, always known, has none.
    """
    attributes = {}
    for forward, scaler in scalers.items():
        for kind in (forward, reverse(forward)):
            store = graph[kind]
            if forward == TRANSFERS_TO:
                attributes[kind] = scaler.scale(store.edge_attr)
            else:
                attributes[kind] = scaler(store.edge_attr, store.edge_attr_mask)
    return attributes
