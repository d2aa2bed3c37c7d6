"""Orders models by how they did on other datasets, under any protocol."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.models.baselines.rankers import Ranker
from zoograph.models.training_records import look_up

_LEAST_COMPARED = 3


class MeanElsewhere(Ranker):
    """Orders models by the mean of their standardised accuracies on other datasets, whatever the protocol.

    An accuracy is standardised among those of its dataset and protocol, if there are three or more. A model that was
    measured nowhere else stands where the dataset's mean does. Only the records of the fitted graph count.
    """

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        edges, scores = _standardised(self._graph)
        width = len(self._records.dataset_ids)
        models, datasets = self._records.models_of(graph, pairs[0]), self._records.datasets_of(graph, pairs[1])
        cell = torch.where(datasets >= 0, models * width + datasets, -1)
        size = len(self._records.model_ids)
        summed, number = (
            look_up(_add(part, edges[0], size), models, 0.0)
            - look_up(_add(part, edges[0] * width + edges[1], size * width), cell, 0.0)
            for part in (scores, torch.ones_like(scores))
        )
        return (summed / number.clamp(min=1)).float(), number > 0


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
