"""Transferability scores of cells: what was computed of a model on a dataset, in units of the dataset's models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import SCORED_ON
from zoograph.models.evidence.cells import Cells

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_MOST = 2.5  # spreads from the mean; a score beyond counts as no farther


@dataclass(frozen=True)
class PairScores:
    """The scores of a graph, looked up by model and dataset.

    Attributes:
        index: of the scored pairs.
        values: (E + 1, F) scores over the square root of their number, 0 where not known; the last row is of no pair.
    """

    index: PairIndex
    values: Tensor

    @classmethod
    def of(cls, graph: HeteroData) -> PairScores:
        """Return the scores of a graph, which are standardised within their dataset."""
        values = graph[SCORED_ON].edge_attr.double().clamp(-_MOST, _MOST)
        values = values / max(1, values.shape[1]) ** 0.5
        return cls(PairIndex.of(graph, SCORED_ON), torch.cat([values, values.new_zeros(1, values.shape[1])]))

    def at(self, cells: Cells) -> Tensor:
        """Return (n, F) the scores of cells; 0 for one that nobody scored, and for means over datasets."""
        real = cells.dataset < self.index.width
        pairs = torch.stack([cells.model, cells.dataset.clamp(max=self.index.width - 1)])
        return self.values[torch.where(real, self.index.find(pairs), -1)]
