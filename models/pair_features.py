"""Features of a pair of a model and a dataset: metadata rows and measured scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import DATASET, MODEL, SCORED_ON
from zoograph.models.standardizer import Standardizer

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


def metadata_rows(graph: HeteroData, pairs: Tensor, scalers: dict[str, Standardizer]) -> Tensor:
    """Return (n, F) rows of metadata: scaled numbers, flags, and one-hot family and domain."""
    blocks = []
    for kind, nodes in zip((MODEL, DATASET), pairs, strict=True):
        store = graph[kind]
        numbers = scalers[kind](store.x_number, store.x_number_mask)[nodes]
        one_hot = torch.nn.functional.one_hot(store.x_category[nodes], len(graph.vocabulary[kind]) + 1).float()
        blocks += [numbers, one_hot]
    return torch.cat(blocks, dim=1)


def fit_scalers(graph: HeteroData, pairs: Tensor) -> dict[str, Standardizer]:
    """Return the scalers of both node types, fitted on the nodes that occur in ``pairs``."""
    scales = {kind: Standardizer(graph[kind].x_number.shape[1]) for kind in (MODEL, DATASET)}
    fit_scales(scales, graph, pairs)
    return scales


def fit_scales(scales: Mapping[str, nn.Module] | nn.ModuleDict, graph: HeteroData, pairs: Tensor) -> None:
    """Fit the scale of each node type to the nodes that occur in ``pairs`` (2, n)."""
    for kind, nodes in zip((MODEL, DATASET), pairs, strict=True):
        trained, scale = torch.unique(nodes), cast(Standardizer, scales[kind])
        scale.fit(graph[kind].x_number[trained], graph[kind].x_number_mask[trained])


def measured_scores(graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of some pairs.

    Args:
        graph: that holds them.
        pairs: (2, n) model and dataset nodes.

    Returns:
        (n, S) scores, 0 where not measured, and (n, S) bool where measured.
    """
    store = graph[SCORED_ON]
    edge = PairIndex.of(graph, SCORED_ON).find(pairs)
    found = edge >= 0
    values, known = (
        part.new_zeros(len(edge), part.shape[1]).index_put((found,), part[edge[found]])
        for part in (store.edge_attr, store.edge_attr_mask)
    )
    return values, known
