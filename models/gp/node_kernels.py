"""Kernels between models and between datasets: on cards, labels and relations."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, HAS, LABEL, MODEL, PRETRAINED_ON, RELATED_TO
from zoograph.models.standardizer import Standardizer

# Relations that are distances: 0 between equals.
DISTANCES = ("domain_distance", "class_mean_transport")
_UNKNOWN_LIKENESS = 0.3


def number_kernels(numbers: Tensor, mask: Tensor, scaler: Standardizer, lengths: Tensor) -> list[Tensor]:
    """Return one (N, N) Gaussian kernel a column of ``numbers`` (N, F).

    Where a column has unknown entries, two nodes of which one is unknown are alike by a constant; a column
    without any known entry says nothing and gives ones.
    """
    scaled = scaler.scale(numbers)
    kernels = []
    for column in range(numbers.shape[1]):
        known = mask[:, column]
        values = torch.where(known, scaled[:, column], 0.0)
        kernel = torch.exp(-0.5 * (values[:, None] - values[None]).square() / lengths[column].square())
        if not known.any():
            kernel = torch.ones_like(kernel)
        elif not known.all():
            both = (known[:, None] & known[None]).to(kernel)
            lone = torch.diag((~known).to(kernel))
            kernel = _UNKNOWN_LIKENESS + (1 - _UNKNOWN_LIKENESS) * (kernel * both + lone)
        kernels.append(kernel)
    return kernels


def same_code(codes: Tensor) -> Tensor:
    """Return (N, N) ones where two nodes share a known category; 0 is an unknown one."""
    known = codes > 0
    return ((codes[:, None] == codes[None]) & known[:, None] & known[None]).double()


def label_overlap(graph: HeteroData) -> Tensor:
    """Return (D, D) cosine of the label sets, in [0, 1]; 0 for a dataset without labels."""
    bag = torch.zeros(graph[DATASET].num_nodes, graph[LABEL].num_nodes, dtype=torch.float64)
    source, target = graph[HAS].edge_index
    bag[source, target] = 1.0
    norm = bag.sum(1).clamp(min=1.0).sqrt()
    return bag @ bag.t() / norm[:, None] / norm[None]


def distances(graph: HeteroData) -> Tensor:
    """Return (D, D) measured distances over their mean, inf where not measured, 0 on the diagonal."""
    size = graph[DATASET].num_nodes
    far = torch.full((size, size), torch.inf, dtype=torch.float64)
    store = graph[RELATED_TO]
    for name in DISTANCES:
        if name in store.names:
            column = store.names.index(name)
            known = store.edge_attr_mask[:, column]
            source, target = store.edge_index[:, known]
            values = store.edge_attr[known, column].double()
            far[source, target] = far[target, source] = values / values.mean().clamp(min=1e-9)
    return far.fill_diagonal_(0.0)


def distance_kernel(far: Tensor, length: Tensor) -> Tensor:
    """Return (N, N) exponential kernel of distances; 0 where they are infinite."""
    near = far.isfinite()
    return torch.where(near, torch.exp(-torch.where(near, far, 0.0) / length), 0.0)


def corpus_codes(graph: HeteroData) -> Tensor:
    """Return (M,) a code of the family of each model's last pre-training corpus; 0 for an unknown one."""
    codes = torch.zeros(graph[MODEL].num_nodes, dtype=torch.long)
    store = graph[PRETRAINED_ON]
    source, target = store.edge_index[:, store.position == 0]
    codes[source] = graph[DATASET].group[target] + 1
    return codes
