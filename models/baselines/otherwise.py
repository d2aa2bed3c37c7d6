"""Baselines that read what other protocols measured: of the model elsewhere, and of the pair itself."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, PROBE_SCORES, TRANSFERS_TO
from zoograph.models.baselines.rankers import Ranker
from zoograph.models.conformal import half_width
from zoograph.models.intervals import around
from zoograph.models.method import Method, Prediction
from zoograph.models.training_records import TrainingRecords, look_up, total

_LEAST_COMPARED = 3
_UNKNOWN = -1


class MeanElsewhere(Ranker):
    """Orders models by the mean of their standardised accuracies on other datasets, whatever the protocol.

    An accuracy is standardised among those of its dataset and protocol, if there are three or more. A model that was
    measured nowhere else stands where the dataset's mean does. Only the records of the fitted graph count.
    """

    def standing(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n,) the mean of each pair's model on datasets other than the pair's, and (n,) whether it has one."""
        return self._signal(self._graph, pairs)

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        edges, scores = _standardised(self._graph)
        width = len(self._records.dataset_ids)
        models, datasets = self._records.models_of(graph, pairs[0]), self._records.datasets_of(graph, pairs[1])
        cell = torch.where(datasets >= 0, models * width + datasets, -1)
        size = len(self._records.model_ids)
        summed, number = (
            look_up(total(part, edges[0], size), models, 0.0)
            - look_up(total(part, edges[0] * width + edges[1], size * width), cell, 0.0)
            for part in (scores, torch.ones_like(scores))
        )
        return (summed / number.clamp(min=1)).float(), number > 0


class AsMeasured(Method):
    """Says what a cheaper protocol measured of the pair, as it is.

    Of several the dearest that is cheaper than the protocol that is asked counts, and a score that is an accuracy where
    there is none. A pair of which nothing else was measured has the mean of its dataset's records, or of all. Intervals
    hold 90 % of the errors on records; those of pairs with a measurement are apart from the others.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        self._graph = graph
        size = len(records.dataset_ids)
        number = torch.bincount(records.dataset, minlength=size)
        self._mean = records.value.mean()
        means = total(records.value, records.dataset, size) / number.clamp(min=1)
        self._means = torch.where(number > 0, means, self._mean)
        value, known = _measured(graph, graph[TRANSFERS_TO].edge_index)
        self._width = half_width((records.value - value)[known])
        self._blind_width = half_width(records.value - self._mean)
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; what was measured of a pair is read from ``graph``."""
        value, known = _measured(self._graph if graph is None else graph, pairs)
        level = look_up(self._means, self._records.datasets_of(graph, pairs[1]), self._mean)
        return around(torch.where(known, value, level), torch.where(known, self._width, self._blind_width))


def _measured(graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return (n,) what was measured of each pair under the best protocol, and (n,) bool where something was."""
    value, rank = torch.zeros(pairs.shape[1], dtype=torch.float64), torch.full((pairs.shape[1],), _UNKNOWN)
    if MEASURED_OTHERWISE not in graph.edge_types:
        return value, rank > _UNKNOWN
    store, width = graph[MEASURED_OTHERWISE], graph[DATASET].num_nodes
    asked = list(Protocol).index(Protocol(graph.protocol)) if graph.protocol else 0
    key = pairs[0] * width + pairs[1]
    for code in torch.unique(store.protocol).tolist():
        # Scores have codes after those of the protocols, the better probe first.
        merit = code + len(Protocol) if code < asked else len(Protocol) + len(PROBE_SCORES) - 1 - code
        if code < asked or code >= len(Protocol):
            taken = store.protocol == code
            order = torch.argsort(store.edge_index[0, taken] * width + store.edge_index[1, taken])
            keys = (store.edge_index[0, taken] * width + store.edge_index[1, taken])[order]
            place = torch.searchsorted(keys, key).clamp(max=len(keys) - 1)
            better = (keys[place] == key) & (merit > rank)
            value = torch.where(better, store.edge_label[taken][order][place].double(), value)
            rank = torch.where(better, merit, rank)
    return value, rank > _UNKNOWN


def _standardised(graph: HeteroData) -> tuple[Tensor, Tensor]:
    """Return the (2, n) pairs that were measured under any protocol, and their (n,) standardised accuracies."""
    kinds = [kind for kind in (TRANSFERS_TO, MEASURED_OTHERWISE) if kind in graph.edge_types]
    edges = torch.cat([graph[kind].edge_index for kind in kinds], 1)
    value = torch.cat([graph[kind].edge_label for kind in kinds]).double()
    protocol = torch.cat([graph[kind].protocol for kind in kinds])
    _, group = torch.unique(edges[1] * (len(Protocol) + len(PROBE_SCORES)) + protocol, return_inverse=True)
    size = int(group.max()) + 1 if len(group) else 0
    number = total(torch.ones_like(value), group, size)
    mean = total(value, group, size) / number
    spread = (total((value - mean[group]).square(), group, size) / number).sqrt()
    kept = (number >= _LEAST_COMPARED)[group] & (spread > 1e-6)[group]
    return edges[:, kept], ((value - mean[group]) / spread[group].clamp(min=1e-6))[kept]
