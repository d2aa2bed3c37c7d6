"""A pair of a model and a dataset as one row of numbers, for the methods that read tables."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, SCORED_ON


class NumberScaler:
    """Standardises numbers with the mean and spread of training rows; a missing number becomes 0 plus a flag."""

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        self.mean, self.std = mean, std

    @classmethod
    def fitted(cls, numbers: Tensor, mask: Tensor) -> NumberScaler:
        """Return the scaler of (N, F) ``numbers`` where ``mask``; a column that is constant or absent keeps scale 1."""
        count = mask.sum(0).clamp(min=1)
        mean = (numbers * mask).sum(0) / count
        variance = ((numbers - mean).square() * mask).sum(0) / count
        std = variance.sqrt()
        return cls(mean, torch.where(std > 1e-6, std, torch.ones_like(std)))

    def __call__(self, numbers: Tensor, mask: Tensor) -> Tensor:
        """Return (N, 2F): scaled numbers, and flags of the known ones."""
        return torch.cat([(numbers - self.mean) / self.std * mask, mask.float()], dim=1)


def metadata_rows(graph: HeteroData, pairs: Tensor, scalers: dict[str, NumberScaler]) -> Tensor:
    """Return (n, F) rows of metadata: scaled numbers, flags, and one-hot family and domain."""
    blocks = []
    for kind, nodes in zip((MODEL, DATASET), pairs, strict=True):
        store = graph[kind]
        numbers = scalers[kind](store.x_number, store.x_number_mask)[nodes]
        one_hot = torch.nn.functional.one_hot(store.x_category[nodes], len(graph.vocabulary[kind]) + 1).float()
        blocks += [numbers, one_hot]
    return torch.cat(blocks, dim=1)


def fit_scalers(graph: HeteroData, pairs: Tensor) -> dict[str, NumberScaler]:
    """Return the scalers of both node types, fitted on the nodes that occur in ``pairs``."""
    scalers = {}
    for kind, nodes in zip((MODEL, DATASET), pairs, strict=True):
        trained = torch.unique(nodes)
        scalers[kind] = NumberScaler.fitted(graph[kind].x_number[trained], graph[kind].x_number_mask[trained])
    return scalers


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
