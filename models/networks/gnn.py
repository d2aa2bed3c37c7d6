"""The graph neural network: cards and records in, accuracy of any pair out."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, INFLUENCES, MODEL, RELATED_TO, SCORED_ON, TRANSFERS_TO, EdgeType
from zoograph.models.networks.encoder import NodeEncoder, encode, make_encoders
from zoograph.models.networks.message_passing import MessagePassingStack, edge_attributes, edge_channels
from zoograph.models.pair_features import NumberScaler

_SCALED = (TRANSFERS_TO, SCORED_ON, RELATED_TO, INFLUENCES)


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
        self.scaled = tuple(kind for kind in _SCALED if kind in channels)
        for kind in self.scaled:
            width = 1 if kind == TRANSFERS_TO else channels[kind] // 2
            self.register_buffer(f"{kind[1]}_mean", torch.zeros(width))
            self.register_buffer(f"{kind[1]}_std", torch.ones(width))

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
            encoder.fit_scale(graph[kind].x_number[trained], graph[kind].x_number_mask[trained])
        for edge in self.scaled[1:]:
            self._set_scale(edge, NumberScaler.fitted(graph[edge].edge_attr, graph[edge].edge_attr_mask))
        labels = store.edge_label.unsqueeze(1)
        self._set_scale(TRANSFERS_TO, NumberScaler.fitted(labels, torch.ones_like(labels, dtype=torch.bool)))
        self.accuracy_logit.copy_(torch.logit(labels.mean().clamp(0.01, 0.99)))

    def _set_scale(self, kind: EdgeType, scaler: NumberScaler) -> None:
        getattr(self, f"{kind[1]}_mean").copy_(scaler.mean)
        getattr(self, f"{kind[1]}_std").copy_(scaler.std)

    def forward(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Predict ``pairs`` from a graph whose visible accuracies are its ``transfers_to`` attributes.

        Args:
            graph: as :func:`zoograph.graphs.splits.reveal` returns it.
            pairs: (2, n) model and dataset nodes.

        Returns:
            (n,) expected accuracy in [0, 1], and (n,) spread > 0: the standard deviation of what the noise
            of measuring does not explain.
        """
        scalers = {
            kind: NumberScaler(getattr(self, f"{kind[1]}_mean"), getattr(self, f"{kind[1]}_std"))
            for kind in self.scaled
        }
        x_dict = self.stack(encode(self.encoders, graph), graph.edge_index_dict, edge_attributes(graph, scalers))
        scores = pair_scores(graph, pairs, scalers[SCORED_ON])
        logit, log_spread = self.decoder(x_dict[MODEL][pairs[0]], x_dict[DATASET][pairs[1]], scores)
        mean = torch.sigmoid(logit + self.accuracy_logit)
        return mean, 0.1 * torch.nn.functional.softplus(log_spread) + 1e-3


def pair_scores(graph: HeteroData, pairs: Tensor, scaler: NumberScaler) -> Tensor:
    """Return (n, 2S) the scores measured of each pair with their flags; all 0 where there is none."""
    store = graph[SCORED_ON]
    rows = scaler(store.edge_attr, store.edge_attr_mask)
    num_datasets = graph[DATASET].num_nodes
    keys = store.edge_index[0] * num_datasets + store.edge_index[1]
    wanted = pairs[0] * num_datasets + pairs[1]
    if not len(keys):
        return rows.new_zeros(len(wanted), rows.shape[1])
    order = keys.argsort()
    place = torch.searchsorted(keys[order], wanted).clamp(max=len(keys) - 1)
    found = keys[order][place] == wanted
    return rows[order[place]] * found.unsqueeze(1)
