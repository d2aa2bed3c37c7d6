"""Methods on a graph of the models that matter alone, where their cost grows with the square of the models."""

from __future__ import annotations

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
    """Return a copy of a graph that holds only the models ``kept`` (k,), in rising order."""
    result = graph.subgraph({MODEL: kept})
    places = kept.tolist()
    for name, value in graph[MODEL].items():
        if isinstance(value, list):
            result[MODEL][name] = [value[place] for place in places]
    return result


def _measured(graph: HeteroData) -> Tensor:
    return torch.unique(graph[TRANSFERS_TO].edge_index[0])
