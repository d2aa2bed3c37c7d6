r"""Graph network of two towers: the expected logit of a pair is an inner product of a model's and a dataset's vector.

.. math:: y_{md} = z_m^\top w_d + c_d, \quad z_m = (p_m, b_m), \quad w_d = (q_d, 1)

So the models that are best on a dataset are found by maximum inner-product search, whatever their number. Both vectors
are read off message passing over cards, runs, corpora and lineage; there is no table of nodes, and a node that was not
there in training is embedded like any other.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO, EdgeType
from zoograph.graphs.stored.stored_graph import EDGES, NODES, StoredGraph
from zoograph.graphs.stored.subgraph import Subgraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL
from zoograph.models.evidence.accuracy_logit import binomial_variance
from zoograph.models.networks.encoder import NodeEncoder
from zoograph.models.networks.message_passing import MessagePassingStack

_BOUND = 0.02  # an accuracy closer to chance or to 1 than this tells no more of its logit
_SAMPLED = 100_000  # nodes and runs that scales are taken from


class MeasuredLogits(NamedTuple):
    """Logits of n measured accuracies, and the variance that the test set leaves."""

    logit: Tensor
    variance: Tensor


class Towers(NamedTuple):
    """What nodes are to the inner product.

    Attributes:
        models: (M', C + 1) vectors.
        datasets: (D', C + 1) vectors, the last column 1.
        level: (D',) of datasets.
    """

    models: Tensor
    datasets: Tensor
    level: Tensor

    def logits(self, models: Tensor, datasets: Tensor) -> Tensor:
        """Return (n,) of pairs, by their places."""
        return (self.models[models] * self.datasets[datasets]).sum(1) + self.level[datasets]


class TwoTowers(nn.Module):
    """Encoder, message passing and two linear heads.

    Args:
        graph: whose columns and codes to take, and whose scales.
        hidden_channels: width of message passing.
        out_channels: C, numbers that a model and a dataset are multiplied by.
        num_layers: rounds of message passing.
    """

    run_scale: Tensor
    log_noise: Tensor

    def __init__(
        self, graph: StoredGraph, hidden_channels: int = 32, out_channels: int = 16, num_layers: int = 2
    ) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.encoders = nn.ModuleDict(
            {
                kind: NodeEncoder(graph.nodes[kind].number.shape[1], graph.num_categories[kind], 0, 0, hidden_channels)
                for kind in NODES
            }
        )
        channels: dict[EdgeType, int] = {kind: int(kind in (TRANSFERS_TO, RUNS_OF_MODEL)) for kind in EDGES}
        self.stack = MessagePassingStack(channels, hidden_channels, num_layers)
        self.model_head = nn.Linear(hidden_channels, out_channels + 1)
        self.dataset_head = nn.Linear(hidden_channels, out_channels + 1)
        self.register_buffer("run_scale", torch.tensor([0.0, 1.0]))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))

    def fit_scale(self, graph: StoredGraph) -> None:
        """Take the scales of cards and runs from at most 100,000 of each, at even distances."""
        for kind in NODES:
            numbers, mask, _ = node_inputs(graph, kind, _evenly(graph.num_nodes(kind)))
            cast(NodeEncoder, self.encoders[kind]).scale.fit(numbers, mask)
        runs = graph.edges[TRANSFERS_TO]
        place = _evenly(len(runs.source))
        datasets = np.searchsorted(runs.start, place, side="right") - 1
        assert runs.value is not None
        logit = measured_logits(graph, datasets, runs.value[place]).logit
        self.run_scale.copy_(torch.stack([logit.mean(), logit.std().clamp(min=1e-3)]))

    def encode(self, graph: StoredGraph, kind: str, nodes: np.ndarray) -> Tensor:
        """Return (n, hidden_channels) states before message passing."""
        numbers, mask, category = node_inputs(graph, kind, nodes)
        none = numbers.new_zeros(len(nodes), 0)
        state: Tensor = self.encoders[kind](numbers, mask, category, none[..., None], none)
        return state

    def run_attributes(self, graph: StoredGraph, part: Subgraph) -> dict[EdgeType, Tensor]:
        """Return ``edge_attr_dict`` of a subgraph: the scaled logit of each run."""
        attributes = {}
        for kind, value in part.value.items():
            side = 1 if kind == TRANSFERS_TO else 0
            datasets = part.nodes[DATASET][part.edge_index[kind][side].numpy()]
            logit = measured_logits(graph, datasets, value.numpy()).logit
            attributes[kind] = ((logit - self.run_scale[0]) / self.run_scale[1]).unsqueeze(1)
        return attributes

    def forward(self, graph: StoredGraph, part: Subgraph) -> Towers:
        """Return the vectors of the nodes of a subgraph; those farther from its seeds than the rounds mean nothing."""
        x_dict = {kind: self.encode(graph, kind, part.nodes[kind]) for kind in NODES}
        x_dict = self.stack(x_dict, part.edge_index, self.run_attributes(graph, part))
        return self.towers(x_dict[MODEL], x_dict[DATASET])

    def towers(self, models: Tensor, datasets: Tensor) -> Towers:
        """Return vectors of models and datasets, of their states (n, hidden_channels) after message passing."""
        read = self.dataset_head(datasets)
        vectors = torch.cat([read[:, 1:], torch.ones_like(read[:, :1])], 1)
        return Towers(self.model_head(models), vectors, read[:, 0] + self.run_scale[0])


def node_inputs(graph: StoredGraph, kind: str, nodes: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Return numbers (n, F), 0 where a card does not say, which of them are known, and categories (n,)."""
    table = graph.nodes[kind]
    numbers = torch.from_numpy(table.number[nodes].astype(np.float32))
    mask = ~numbers.isnan()
    return numbers.nan_to_num(0.0), mask, torch.from_numpy(table.category[nodes].astype(np.int64))


def measured_logits(graph: StoredGraph, datasets: np.ndarray, accuracies: np.ndarray) -> MeasuredLogits:
    """Return logits of what is above chance, of (n,) runs on datasets."""
    table = graph.nodes[DATASET]
    assert table.chance is not None
    assert table.size is not None
    chance, size = (torch.from_numpy(column[datasets].astype(np.float32)) for column in (table.chance, table.size))
    above = ((torch.from_numpy(accuracies.astype(np.float32)) - chance) / (1 - chance)).clamp(_BOUND, 1 - _BOUND)
    return MeasuredLogits(torch.logit(above), binomial_variance(above, chance, size))


def _evenly(size: int) -> np.ndarray:
    return np.arange(0, size, max(1, size // _SAMPLED))
