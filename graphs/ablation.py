"""Ablation: graphs without their scores, relations or influences."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import INFLUENCES, RELATED_TO, RELATION_NUMBERS, SCORED_ON, reverse


def without_scores(graph: HeteroData) -> HeteroData:
    """Return a copy in which no transferability score was measured."""
    return _masked(graph, SCORED_ON, list(range(len(graph[SCORED_ON].names))))


def without_relations(graph: HeteroData) -> HeteroData:
    """Return a copy in which nothing was measured between datasets; texts and labels still compare."""
    names = graph[RELATED_TO].names
    return _masked(graph, RELATED_TO, [i for i, name in enumerate(names) if name not in RELATION_NUMBERS])


def without_influences(graph: HeteroData) -> HeteroData:
    """Return a copy in which no influence of a class was measured."""
    return _masked(graph, INFLUENCES, list(range(len(graph[INFLUENCES].names))))


def _masked(graph: HeteroData, edge_type: tuple[str, str, str], columns: list[int]) -> HeteroData:
    """Return a copy without these columns' values, and without the edges that carried nothing else."""
    copy = graph.clone()
    for kind in (edge_type, reverse(edge_type)):
        store = copy[kind]
        mask = store.edge_attr_mask.clone()
        mask[:, columns] = False
        kept = mask.any(1)
        store.edge_attr = torch.where(mask, store.edge_attr, 0.0)[kept]
        store.edge_attr_mask, store.edge_index = mask[kept], store.edge_index[:, kept]
    return copy
