"""Neighbourhoods: the part of a thinned graph that message passing reads to embed some nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoograph.graphs.schema import EdgeType
from zoograph.graphs.stored.stored_graph import EDGES, NODES
from zoograph.graphs.stored.thinned import ThinnedGraph


class Subgraph(NamedTuple):
    """Nodes and edges among them, renumbered.

    Attributes:
        nodes: (N',) numbers in the whole graph of each node type, ascending.
        edge_index: (2, E') of each edge type, in places of ``nodes``.
        value: (E',) what its edges carry, of those types that carry anything.
    """

    nodes: dict[str, np.ndarray]
    edge_index: dict[EdgeType, Tensor]
    value: dict[EdgeType, Tensor]

    def place(self, kind: str, nodes: np.ndarray) -> Tensor:
        """Return (n,) the places of nodes that are in the subgraph."""
        return torch.from_numpy(np.searchsorted(self.nodes[kind], nodes))


def neighbourhood(graph: ThinnedGraph, seeds: Mapping[str, np.ndarray], num_layers: int) -> Subgraph:
    """Return all that as many rounds of message passing read to embed the ``seeds``.

    The neighbours of every node nearer than that are in it, so that seeds get what they would get in the whole thinned
    graph; what a farther node gets means nothing.

    Args:
        graph: to draw from.
        seeds: nodes of each type.
        num_layers: rounds.
    """
    nodes = {kind: np.unique(seeds.get(kind, np.zeros(0, np.int64))) for kind in NODES}
    frontier = dict(nodes)
    found: dict[EdgeType, list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]] = {kind: [] for kind in EDGES}
    for _ in range(num_layers):
        reached: dict[str, list[np.ndarray]] = {kind: [] for kind in NODES}
        for kind in EDGES:
            target = frontier[kind[2]]
            near = graph.neighbours(kind, target)
            found[kind].append((near.source, target[near.row], near.value))
            reached[kind[0]].append(near.source)
        frontier = {kind: np.setdiff1d(np.concatenate(parts), nodes[kind]) for kind, parts in reached.items()}
        nodes = {kind: np.union1d(nodes[kind], frontier[kind]) for kind in NODES}
    edge_index, value = {}, {}
    for kind, parts in found.items():
        ends = [np.concatenate([part[side] for part in parts]) for side in (0, 1)]
        local = [np.searchsorted(nodes[kind[2 * side]], ends[side]) for side in (0, 1)]
        edge_index[kind] = torch.from_numpy(np.stack(local))
        values = [part[2] for part in parts if part[2] is not None]
        if values:
            value[kind] = torch.from_numpy(np.concatenate(values))
    return Subgraph(nodes, edge_index, value)
