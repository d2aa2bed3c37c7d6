"""Methods on a graph of the models that matter alone, where their cost grows with the square of the models."""

from __future__ import annotations

import copy
from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import MODEL, TRANSFERS_TO
from zoograph.models.method import Method, Prediction


class Compact(Method):
    """Another method, fitted on the models that have records and asked about these and the models in question.

    Args:
        method: who learns and answers; it has to know newcomers by their cards.
    """

    def __init__(self, method: Method) -> None:
        self._method = method

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        self._graph = graph
        self._method.fit(with_models(graph, _measured(graph)))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        graph = self._graph if graph is None else graph
        kept = torch.unique(torch.cat([_measured(graph), pairs[0]]))
        moved = torch.stack([torch.searchsorted(kept, pairs[0]), pairs[1]])
        return self._method.predict(moved, with_models(graph, kept))


def with_models(graph: HeteroData, kept: Tensor) -> HeteroData:
    """Return a copy of a graph that holds only the models ``kept`` (k,), in rising order, and the edges between nodes.

    PyG's own ``subgraph`` takes lists of names for attributes of nodes and edges.
    """
    result = copy.copy(graph)
    places, count = kept.tolist(), graph[MODEL].num_nodes
    for name, value in graph[MODEL].items():
        if name == "num_nodes":
            result[MODEL].num_nodes = len(places)
        else:
            result[MODEL][name] = value[kept] if isinstance(value, Tensor) else [value[place] for place in places]
    moved = torch.full((count,), -1)
    moved[kept] = torch.arange(len(kept))
    for kind in graph.edge_types:
        ends = graph[kind].edge_index
        ends = torch.stack(
            [moved[end] if node == MODEL else end for node, end in zip((kind[0], kind[2]), ends, strict=True)]
        )
        stays = (ends >= 0).all(0)
        for name, value in graph[kind].items():
            if isinstance(value, Tensor):
                result[kind][name] = ends[:, stays] if name == "edge_index" else value[stays]
    return result


def _measured(graph: HeteroData) -> Tensor:
    return torch.unique(graph[TRANSFERS_TO].edge_index[0])
