"""Graph attention network with skip connections: every layer's output is kept for the decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn import GATv2Conv

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.pair_features import fit_scales
from zoograph.models.standardizer import Standardizer


class SkipGAT(nn.Module):
    r"""Graph attention network with skip combination.

    Models and datasets become nodes of one kind, a visible accuracy an edge in both directions with the
    accuracy as its attribute. Each kind's card is projected to a common width; attention layers (GATv2:
    Brody, Alon and Yahav, 2022, https://arxiv.org/abs/2105.14491, equation 7) follow, and the decoder reads
    the projected card and the output of every layer of both nodes, so that what a card says is not
    smoothed away:

    .. math:: \hat a_{md} = \sigma(\mathrm{MLP}[s_m, s_d]), \quad s_v = [h_v^0, h_v^1, \dots, h_v^L]

    Args:
        graph: whose shapes and vocabulary to take.
        hidden_channels: width throughout; a multiple of ``num_heads``.
        num_layers: attention layers.
        num_heads: of each layer.
        dropout: of nodes' inputs to the decoder.
    """

    accuracy_mean: Tensor
    accuracy_std: Tensor

    def __init__(
        self,
        graph: HeteroData,
        hidden_channels: int = 32,
        num_layers: int = 2,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if hidden_channels % num_heads:
            raise ValueError(
                f"'hidden_channels' must be a multiple of 'num_heads', {num_heads} (got {hidden_channels})."
            )
        self.scales, self.project = nn.ModuleDict(), nn.ModuleDict()
        for kind in (MODEL, DATASET):
            width = graph[kind].x_number.shape[1]
            self.scales[kind] = Standardizer(width)
            self.project[kind] = nn.Linear(2 * width + len(graph.vocabulary[kind]), hidden_channels)
        self.register_buffer("accuracy_mean", torch.full((), 0.5))
        self.register_buffer("accuracy_std", torch.ones(()))
        self.layers = nn.ModuleList(
            GATv2Conv(hidden_channels, hidden_channels // num_heads, heads=num_heads, edge_dim=1)
            for _ in range(num_layers)
        )
        self.decoder = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * hidden_channels * (1 + num_layers), 2 * hidden_channels),
            nn.ReLU(),
            nn.Linear(2 * hidden_channels, hidden_channels),
            nn.ReLU(),
        )
        self.out = nn.Linear(hidden_channels, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew; predictions start at the mean accuracy, scales are kept."""
        for module in (*self.project.values(), *self.layers, *self.decoder, self.out):
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def fit_scale(self, graph: HeteroData) -> None:
        """Take all scales from the training edges of ``graph`` and the nodes they touch."""
        store = graph[TRANSFERS_TO]
        fit_scales(self.scales, graph, store.edge_index)
        self.accuracy_mean.copy_(store.edge_label.mean())
        self.accuracy_std.copy_(store.edge_label.std(correction=0).clamp(min=1e-3))

    def forward(self, graph: HeteroData, pairs: Tensor) -> Tensor:
        """Return (n,) expected accuracies of ``pairs`` (2, n), in (0, 1).

        Args:
            graph: as :func:`zoograph.graphs.splits.reveal` returns it.
            pairs: model and dataset nodes.
        """
        hidden = torch.cat([self._read(graph, MODEL), self._read(graph, DATASET)])
        shift = graph[MODEL].num_nodes
        source, target = graph[TRANSFERS_TO].edge_index
        accuracy = (graph[TRANSFERS_TO].edge_attr - self.accuracy_mean) / self.accuracy_std
        edge_index = torch.stack([torch.cat([source, target + shift]), torch.cat([target + shift, source])])
        kept = [hidden]
        for layer in self.layers:
            kept.append(torch.relu(layer(kept[-1], edge_index, accuracy.repeat(2, 1))))
        state = torch.cat(kept, dim=1)
        both = torch.cat([state[pairs[0]], state[pairs[1] + shift]], dim=1)
        logit = self.out(self.decoder(both)).squeeze(1)
        return torch.sigmoid(logit + torch.logit(self.accuracy_mean.clamp(0.01, 0.99)))

    def _read(self, graph: HeteroData, kind: str) -> Tensor:
        store = graph[kind]
        one_hot = nn.functional.one_hot(store.x_category, len(graph.vocabulary[kind]) + 1)[:, 1:]
        rows = torch.cat([self.scales[kind](store.x_number, store.x_number_mask), one_hot.float()], dim=1)
        return torch.relu(self.project[kind](rows))
