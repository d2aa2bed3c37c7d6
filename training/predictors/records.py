"""Records in standard units, and the variance of their noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.gp.accuracy_scale import AccuracyScale


class Records(NamedTuple):
    """Visible records of a graph that carry a ranking, in standard units.

    Attributes:
        pairs: (2, n).
        latent: (n,).
        num_runs: (n,).
        scale: what a standard unit is.
    """

    pairs: Tensor
    latent: Tensor
    num_runs: Tensor
    scale: AccuracyScale

    @classmethod
    def of(cls, graph: HeteroData, visible: Tensor | None = None) -> Records:
        """Return the records of ``graph``, or only the ``visible`` (E,) ones."""
        store = graph[TRANSFERS_TO]
        kept = torch.ones(store.num_edges, dtype=torch.bool) if visible is None else visible
        pairs, values = store.edge_index[:, kept], store.edge_label[kept].double()
        scale = AccuracyScale.fitted(values, pairs[1], graph[DATASET].num_nodes)
        telling = scale.informative[pairs[1]]
        pairs, values = pairs[:, telling], values[telling]
        return cls(pairs, scale.latent(values, pairs[1]), store.num_runs[kept][telling].double(), scale)

    def sample(self, most: int, seed: int) -> Tensor:
        """Return the indices of at most ``most`` records, drawn by ``seed``."""
        order = torch.randperm(len(self.latent), generator=torch.Generator().manual_seed(seed))
        return order[:most].sort().values


class Noise(NamedTuple):
    """How measured latents scatter: variances of a run, and what all runs on a dataset's test set share.

    Attributes:
        run: (M, D) variance of one run about the truth.
        shared: (D,) variance that all models have in common on a dataset.
        least: variance that repeating a run does not average away.
    """

    run: Tensor
    shared: Tensor
    least: float

    def of(self, pairs: Tensor, num_runs: Tensor | float = 1.0) -> Tensor:
        """Return (n,) noise variances of means over ``num_runs``."""
        return self.run[pairs[0], pairs[1]] / num_runs + self.least
