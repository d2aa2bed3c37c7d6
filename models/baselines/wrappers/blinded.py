"""Ablated methods: another method, fitted and asked on graphs without a kind of knowledge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.models.method import Method, Prediction

Blind = Callable[[HeteroData], HeteroData]


class Blinded(Method):
    """Another method, on graphs from which something was taken.

    Args:
        method: who learns and answers.
        blind: takes it out of a graph.
    """

    def __init__(self, method: Method, blind: Blind) -> None:
        self._method, self._blind = method, blind
        self.conditions = method.conditions

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        self._method.fit(self._blind(graph))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        return self._method.predict(pairs, None if graph is None else self._blind(graph))
