"""Cells: a model on a dataset under a protocol, asked for or measured; and what was measured in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Metric, Protocol
from zoograph.graphs.schema import MEASURED_OTHERWISE, SCORED_ON, TRANSFERS_TO
from zoograph.models.evidence.accuracy_logit import to_logits
from zoograph.models.evidence.node_features import DatasetFeatures

LOGISTIC, KNN = len(Protocol), len(Protocol) + 1
"""Codes of the scores that are accuracies, after those of the protocols."""
NUM_PROTOCOLS = len(Protocol) + 2
ACCURACIES = frozenset({Metric.TOP1.value, Metric.MEAN_PER_CLASS.value})
"""Metrics whose value for a guess is one over the number of classes."""
_PROBES = {"logistic": LOGISTIC, "knn": KNN}


class Cells(NamedTuple):
    """n cells.

    Attributes:
        model, dataset: (n,) nodes.
        protocol: (n,) places in :class:`Protocol`, or ``LOGISTIC`` or ``KNN``.
        per_class: (n,) logarithm of the samples a class that were trained on, about that of a middling dataset.
    """

    model: Tensor
    dataset: Tensor
    protocol: Tensor
    per_class: Tensor

    def at(self, rows: Tensor) -> Cells:
        """Return the cells of ``rows``, positions or a mask."""
        return Cells(*(part[rows] for part in self))

    def and_(self, other: Cells) -> Cells:
        """Return these cells, then the others."""
        return Cells(*(torch.cat(parts) for parts in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Records:
    """n measured cells.

    Attributes:
        cells: where.
        logit: (n,) of the mean accuracy.
        variance: (n,) that the test set leaves.
        edge: (n,) place among the graph's ``transfers_to`` edges; -1 for a record under another protocol.
    """

    cells: Cells
    logit: Tensor
    variance: Tensor
    edge: Tensor

    def __len__(self) -> int:
        return len(self.logit)

    def at(self, rows: Tensor) -> Records:
        """Return the records of ``rows``, positions or a mask."""
        return Records(self.cells.at(rows), self.logit[rows], self.variance[rows], self.edge[rows])


def gather(graph: HeteroData, datasets: DatasetFeatures) -> Records:
    """Return everything that was measured in ``graph`` as an accuracy, under any protocol; failed runs left out."""
    parts = []
    for kind in (TRANSFERS_TO, MEASURED_OTHERWISE):
        if kind in graph.edge_types and graph[kind].num_edges:
            store = graph[kind]
            sound = ~store.failed if "failed" in store else torch.ones(store.num_edges, dtype=torch.bool)
            edge = torch.arange(store.num_edges) if kind == TRANSFERS_TO else torch.full((store.num_edges,), -1)
            index, runs = store.edge_index[:, sound], store.num_runs[sound]
            shots = torch.log(store.shots[sound].double()) - 4.0
            per_class = torch.where(shots.isnan(), datasets.per_class[index[1]], shots)
            cells = Cells(index[0], index[1], store.protocol[sound], per_class)
            parts.append(
                _measured(cells, store.edge_label[sound], store.sample_size[sound], runs, edge[sound], datasets)
            )
    parts += _probes(graph, datasets)
    if not parts:
        none = torch.zeros(0, dtype=torch.long)
        return Records(Cells(none, none, none, none.double()), none.double(), none.double(), none)
    return Records(
        Cells(*(torch.cat(columns) for columns in zip(*(part.cells for part in parts), strict=True))),
        torch.cat([part.logit for part in parts]),
        torch.cat([part.variance for part in parts]),
        torch.cat([part.edge for part in parts]),
    )


def _probes(graph: HeteroData, datasets: DatasetFeatures) -> list[Records]:
    """Return the scores that are accuracies, unless the graph asks for another kind of number."""
    store = graph[SCORED_ON]
    if graph.metric not in ACCURACIES or not store.num_edges:
        return []
    parts = []
    for column, name in enumerate(store.names):
        if name in _PROBES:
            known = store.edge_attr_mask[:, column]
            index, value = store.edge_index[:, known], store.edge_attr[known, column].clamp(0, 1)
            code = torch.full_like(index[0], _PROBES[name])
            cells = Cells(index[0], index[1], code, datasets.per_class[index[1]])
            size = graph["dataset"].sample_size[index[1]]
            parts.append(_measured(cells, value, size, torch.ones_like(code), torch.full_like(code, -1), datasets))
    return parts


def _measured(
    cells: Cells, value: Tensor, size: Tensor, runs: Tensor, edge: Tensor, datasets: DatasetFeatures
) -> Records:
    measured = to_logits(value, datasets.chance[cells.dataset], size)
    return Records(cells, measured.logit, measured.variance / runs, edge)
