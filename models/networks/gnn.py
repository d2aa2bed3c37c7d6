"""Graph neural network for the accuracy of a pair: encoder, message passing, edge decoder."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import (
    DATASET,
    DERIVED_FROM,
    INFLUENCES,
    MODEL,
    PRETRAINED_ON,
    RELATED_TO,
    SCORED_ON,
    TRANSFERS_TO,
    EdgeType,
)
from zoograph.models.networks.encoder import NodeEncoder, encode, make_encoders
from zoograph.models.networks.message_passing import MessagePassingStack, edge_attributes, edge_channels
from zoograph.models.pair_features import measured_scores
from zoograph.models.standardizer import Standardizer

_SCALED = (TRANSFERS_TO, SCORED_ON, RELATED_TO)
# These carry numbers in some zoos alone.
_WHERE_NAMED = (INFLUENCES, PRETRAINED_ON, DERIVED_FROM)


class EdgeDecoder(nn.Module):
    """Reads a pair's two nodes, their interaction and the scores measured of the pair.

    The interaction term, a product of two projections, lets two datasets rank the same models differently.

    Shapes:
        x_model (n, hidden), x_dataset (n, hidden), scores (n, F) -> (n,) logit, (n,) log of the spread.
    """

    def __init__(self, hidden_channels: int, score_channels: int) -> None:
        super().__init__()
        self.model = nn.Linear(hidden_channels, hidden_channels, bias=False)
        self.dataset = nn.Linear(hidden_channels, hidden_channels, bias=False)
        self.hidden = nn.Linear(3 * hidden_channels + score_channels, hidden_channels)
        self.out = nn.Linear(hidden_channels, 2)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew; predictions start at the mean accuracy."""
        for layer in (self.model, self.dataset, self.hidden, self.out):
            layer.reset_parameters()
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x_model: Tensor, x_dataset: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and log spreads."""
        interaction = self.model(x_model) * self.dataset(x_dataset)
        hidden = torch.relu(self.hidden(torch.cat([x_model, x_dataset, interaction, scores], dim=1)))
        logit, log_spread = self.out(hidden).unbind(1)
        return logit, log_spread


class TransferGNN(nn.Module):
    """Encoder, message passing and edge decoder, as three modules.

    Args:
        graph: whose shapes and vocabulary to take.
        hidden_channels: width throughout.
        num_layers: rounds of message passing.
    """

    accuracy_logit: Tensor

    def __init__(self, graph: HeteroData, hidden_channels: int = 64, num_layers: int = 2) -> None:
        super().__init__()
        channels = edge_channels(graph)
        self.encoders = make_encoders(graph, hidden_channels)
        self.stack = MessagePassingStack(channels, hidden_channels, num_layers)
        self.decoder = EdgeDecoder(hidden_channels, channels[SCORED_ON])
        self.register_buffer("accuracy_logit", torch.zeros(()))
        scaled = (*_SCALED, *(kind for kind in _WHERE_NAMED if channels.get(kind)))
        widths = {kind: 1 if kind == TRANSFERS_TO else channels[kind] // 2 for kind in scaled}
        self.scales = nn.ModuleDict({kind[1]: Standardizer(width) for kind, width in widths.items()})

    def reset_parameters(self) -> None:
        """Draw all weights anew; scales are kept."""
        for encoder in self.encoders.values():
            cast(NodeEncoder, encoder).reset_parameters()
        self.stack.reset_parameters()
        self.decoder.reset_parameters()

    def fit_scale(self, graph: HeteroData) -> None:
        """Take all scales from the training edges of ``graph`` and the nodes they touch."""
        store = graph[TRANSFERS_TO]
        for kind, nodes in zip((MODEL, DATASET), store.edge_index, strict=True):
            trained = torch.unique(nodes)
            encoder = cast(NodeEncoder, self.encoders[kind])
            encoder.scale.fit(graph[kind].x_number[trained], graph[kind].x_number_mask[trained])
        labels = store.edge_label.unsqueeze(1)
        for edge_type, scale in self._scales().items():
            if edge_type == TRANSFERS_TO:
                scale.fit(labels, torch.ones_like(labels, dtype=torch.bool))
            else:
                scale.fit(graph[edge_type].edge_attr, graph[edge_type].edge_attr_mask)
        self.accuracy_logit.copy_(torch.logit(labels.mean().clamp(0.01, 0.99)))

    def _scales(self) -> dict[EdgeType, Standardizer]:
        return {
            kind: cast(Standardizer, self.scales[kind[1]])
            for kind in (*_SCALED, *_WHERE_NAMED)
            if kind[1] in self.scales
        }

    def forward(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Predict ``pairs`` from a graph whose visible accuracies are its ``transfers_to`` attributes.

        Args:
            graph: as :func:`zoograph.graphs.splits.reveal` returns it.
            pairs: (2, n) model and dataset nodes.

        Returns:
            (n,) expected accuracy in [0, 1], and (n,) spread > 0: the standard deviation of what the noise
            of measuring does not explain.
        """
        return self.decode(self.embed(graph), pairs, *measured_scores(graph, pairs))

    def embed(self, graph: HeteroData) -> dict[str, Tensor]:
        """Return (N, hidden_channels) of each node type, for a graph as :meth:`forward` takes it."""
        attributes = edge_attributes(graph, self._scales())
        x_dict: dict[str, Tensor] = self.stack(encode(self.encoders, graph), graph.edge_index_dict, attributes)
        return x_dict

    def decode(self, x_dict: dict[str, Tensor], pairs: Tensor, scores: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return what :meth:`forward` does, from embeddings and the (n, S) scores of the pairs where ``known``."""
        scaled = self.scales[SCORED_ON[1]](scores, known)
        logit, log_spread = self.decoder(x_dict[MODEL][pairs[0]], x_dict[DATASET][pairs[1]], scaled)
        mean = torch.sigmoid(logit + self.accuracy_logit)
        return mean, 0.1 * torch.nn.functional.softplus(log_spread) + 1e-3
