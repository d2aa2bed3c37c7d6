"""The toy graph, and what its edges join by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph

Pairs = Callable[[HeteroData, Any], list[tuple[str, str]]]


@pytest.fixture
def graph() -> HeteroData:
    return build_graph(make_toy_zoo(), HashEmbedder(8))


@pytest.fixture
def pairs_of() -> Pairs:
    """Return what gives the names at both ends of each edge of a type."""

    def find(graph: HeteroData, edge_type: Any) -> list[tuple[str, str]]:
        source, _, target = edge_type
        a, b = graph[edge_type].edge_index.tolist()
        return [(graph[source].ids[i], graph[target].ids[j]) for i, j in zip(a, b, strict=True)]

    return find
