"""Node encoder: the numbers, category and texts of a card to a vector, without any accuracy."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import NODE_TYPES
from zoograph.models.standardizer import Standardizer


class NodeEncoder(nn.Module):
    """Encodes the numbers, category and texts of one node type.

    There is no per-node table: a node that was not there in training is encoded like any other. What is
    not known contributes nothing, and its flag says so.

    Shapes:
        numbers (N, F), mask (N, F), category (N,), texts (N, S, T), text mask (N, S) -> (N, hidden_channels).
    """

    def __init__(
        self, num_numbers: int, num_categories: int, num_texts: int, text_channels: int, hidden_channels: int
    ) -> None:
        super().__init__()
        self.scale = Standardizer(num_numbers)
        self.number = nn.Linear(2 * num_numbers, hidden_channels) if num_numbers else None
        self.category = nn.Embedding(num_categories + 1, hidden_channels)
        self.texts = nn.ModuleList(nn.Linear(text_channels, hidden_channels) for _ in range(num_texts))
        self.norm = nn.LayerNorm(hidden_channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew; an unknown category starts, and stays, at 0."""
        if self.number is not None:
            self.number.reset_parameters()
        nn.init.normal_(self.category.weight, std=0.1)
        with torch.no_grad():
            self.category.weight[0] = 0.0
        for layer in self.texts:
            cast(nn.Linear, layer).reset_parameters()
        self.norm.reset_parameters()

    def forward(self, numbers: Tensor, mask: Tensor, category: Tensor, texts: Tensor, text_mask: Tensor) -> Tensor:
        """Return (N, hidden_channels)."""
        hidden = self.category(category) * (category > 0).unsqueeze(-1)
        if self.number is not None:
            hidden = hidden + self.number(self.scale(numbers, mask))
        for slot, layer in enumerate(self.texts):
            hidden = hidden + layer(texts[:, slot]) * text_mask[:, slot, None]
        return torch.relu(self.norm(hidden))


def make_encoders(graph: HeteroData, hidden_channels: int) -> nn.ModuleDict:
    """Return one encoder a node type, of the shapes that ``graph`` has."""
    return nn.ModuleDict(
        {
            kind: NodeEncoder(
                graph[kind].x_number.shape[1],
                len(graph.vocabulary.get(kind, [])),
                graph[kind].x_text.shape[1],
                graph[kind].x_text.shape[2],
                hidden_channels,
            )
            for kind in NODE_TYPES
        }
    )


def encode(encoders: nn.ModuleDict, graph: HeteroData) -> dict[str, Tensor]:
    """Return ``x_dict``: (N, hidden_channels) a node type."""
    return {
        kind: encoder(
            graph[kind].x_number,
            graph[kind].x_number_mask,
            graph[kind].x_category,
            graph[kind].x_text,
            graph[kind].x_text_mask,
        )
        for kind, encoder in encoders.items()
    }
