"""Orders models by how they did on other datasets, under any protocol."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO
from zoograph.models.baselines.rankers import Ranker

_LEAST_COMPARED = 3


class MeanElsewhere(Ranker):
    """Orders models by the mean of their standardised accuracies on other datasets, whatever the protocol.

    An accuracy is standardised among those of its dataset and protocol, if there are three or more. A model that was
    measured nowhere else stands where the dataset's mean does.
    """

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        edges, scores = _standardised(graph)
        num_models, width = graph[MODEL].num_nodes, graph[DATASET].num_nodes
        cell = edges[0] * width + edges[1]
        one = torch.ones_like(scores)
        summed, number = (_add(part, edges[0], num_models)[pairs[0]] for part in (scores, one))
        here = [_add(part, cell, num_models * width)[pairs[0] * width + pairs[1]] for part in (scores, one)]
        number = number - here[1]
        return ((summed - here[0]) / number.clamp(min=1)).float(), number > 0


def _standardised(graph: HeteroData) -> tuple[Tensor, Tensor]:
    """Return the (2, n) pairs that were measured under any protocol, and their (n,) standardised accuracies."""
    kinds = [kind for kind in (TRANSFERS_TO, MEASURED_OTHERWISE) if kind in graph.edge_types]
    edges = torch.cat([graph[kind].edge_index for kind in kinds], 1)
    value = torch.cat([graph[kind].edge_label for kind in kinds]).double()
    protocol = torch.cat([graph[kind].protocol for kind in kinds])
    _, group = torch.unique(edges[1] * len(Protocol) + protocol, return_inverse=True)
    size = int(group.max()) + 1 if len(group) else 0
    number = _add(torch.ones_like(value), group, size)
    mean = _add(value, group, size) / number
    spread = (_add((value - mean[group]).square(), group, size) / number).sqrt()
    kept = (number >= _LEAST_COMPARED)[group] & (spread > 1e-6)[group]
    return edges[:, kept], ((value - mean[group]) / spread[group].clamp(min=1e-6))[kept]


def _add(values: Tensor, groups: Tensor, size: int) -> Tensor:
    return torch.zeros(size, dtype=torch.float64).index_add_(0, groups, values.double())
