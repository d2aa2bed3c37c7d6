"""Cells: a model on a dataset under a protocol, asked for or measured; and what was measured in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import MEASURED_OTHERWISE, PROBE_SCORES, TRANSFERS_TO
from zoograph.models.evidence.accuracy_logit import to_logits
from zoograph.models.evidence.node_features import DatasetFeatures

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

NUM_PROTOCOLS = len(Protocol) + len(PROBE_SCORES)
"""Protocols, and after them the scores that are accuracies."""


class Cells(NamedTuple):
    """n cells.

    Attributes:
        model, dataset: (n,) nodes.
        protocol: (n,) places in :class:`Protocol`, or codes of :data:`zoograph.graphs.schema.PROBE_SCORES`.
        per_class: (n,) logarithm of the samples a class that were trained on, about that of a middling dataset.
    """

    model: Tensor
    dataset: Tensor
    protocol: Tensor
    per_class: Tensor

    @property
    def circumstance(self) -> Tensor:
        """(n,) a number for the dataset and the protocol of each cell."""
        return self.dataset * NUM_PROTOCOLS + self.protocol

    def at(self, rows: Tensor | slice) -> Cells:
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

    def without(self, hidden: Tensor) -> Records:
        """Return the records but those of the ``hidden`` (E,) edges."""
        return self.at(((self.edge < 0) | ~hidden[self.edge.clamp(min=0)]).nonzero().flatten())


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
    if not parts:
        none = torch.zeros(0, dtype=torch.long)
        return Records(Cells(none, none, none, none.double()), none.double(), none.double(), none)
    return Records(
        reduce(Cells.and_, (part.cells for part in parts)),
        torch.cat([part.logit for part in parts]),
        torch.cat([part.variance for part in parts]),
        torch.cat([part.edge for part in parts]),
    )


def _measured(
    cells: Cells, value: Tensor, size: Tensor, runs: Tensor, edge: Tensor, datasets: DatasetFeatures
) -> Records:
    measured = to_logits(value, datasets.chance[cells.dataset], size)
    return Records(cells, measured.logit, measured.variance / runs, edge)
