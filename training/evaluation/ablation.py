"""Ablation: graphs without a kind of knowledge, to see what it is worth."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import (
    DATASET,
    DERIVED_FROM,
    INFLUENCES,
    LABEL,
    MEASURED_OTHERWISE,
    MODEL,
    MODEL_NUMBERS,
    RELATED_TO,
    RELATION_NUMBERS,
    SCORED_ON,
    reverse,
)


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


def without_other_protocols(graph: HeteroData) -> HeteroData:
    """Return a copy in which nothing was measured but runs of the asked protocol."""
    copy = graph.clone()
    store = copy[MEASURED_OTHERWISE]
    for key, value in store.items():
        store[key] = value[..., :0]
    return copy


def without_texts(graph: HeteroData) -> HeteroData:
    """Return a copy in which no name, domain or label says anything; which labels datasets share is still known."""
    copy = graph.clone()
    for kind in (MODEL, DATASET, LABEL):
        copy[kind].x_text = torch.zeros_like(copy[kind].x_text)
    return copy


def without_imagenet(graph: HeteroData) -> HeteroData:
    """Return a copy in which no card says how accurate its model is on ImageNet."""
    copy = graph.clone()
    copy[MODEL].imagenet = torch.full_like(copy[MODEL].imagenet, float("nan"))
    column = MODEL_NUMBERS.index("imagenet_top1")
    copy[MODEL].x_number_mask[:, column] = False
    copy[MODEL].x_number[:, column] = 0.0
    return copy


def without_lineage(graph: HeteroData) -> HeteroData:
    """Return a copy in which no model comes from another."""
    copy = graph.clone()
    copy[MODEL].ancestors = torch.eye(copy[MODEL].num_nodes)
    for kind in (DERIVED_FROM, reverse(DERIVED_FROM)):
        for key, value in copy[kind].items():
            if isinstance(value, torch.Tensor):
                copy[kind][key] = value[:, :0] if key == "edge_index" else value[:0]
    return copy


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
