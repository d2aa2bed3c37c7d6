"""One transferability score alone: what it says of a pair, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, SCORED_ON
from zoograph.models.rankers import Ranker


class ScoreAlone(Ranker):
    """Orders the models of a dataset by one measured score, standardised in the dataset, higher first.

    A pair without the score, and every pair of a zoo that never measured it, gets its dataset's mean.

    Args:
        name: of the score, such as ``logme``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        names = graph[SCORED_ON].names
        if self.name not in names:
            return torch.zeros(pairs.shape[1]), torch.zeros(pairs.shape[1], dtype=torch.bool)
        column = names.index(self.name)
        values, known = measured_scores(graph, pairs)
        return values[:, column], known[:, column]


def measured_scores(graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return (n, S) the scores of ``pairs`` (2, n), 0 where not measured, and (n, S) bool where measured."""
    store, size = graph[SCORED_ON], graph[DATASET].num_nodes
    # One row more than there are edges: the last one is that of a pair without any score.
    values, known = (
        torch.cat([part, part.new_zeros(1, part.shape[1])]) for part in (store.edge_attr, store.edge_attr_mask)
    )
    keys, order = (store.edge_index[0] * size + store.edge_index[1]).sort()
    wanted = pairs[0] * size + pairs[1]
    place = torch.searchsorted(keys, wanted)
    found = torch.cat([keys, keys.new_full((1,), -1)])[place] == wanted
    row = torch.where(found, torch.cat([order, order.new_zeros(1)])[place], len(order))
    return values[row] * known[row], known[row]
