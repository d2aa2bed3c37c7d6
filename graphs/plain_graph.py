"""A graph to read from: the stores of PyG's ``HeteroData`` without PyG, whose import takes longer than an answer."""

from __future__ import annotations

import copy
from collections.abc import ItemsView
from typing import Any

from zoograph.graphs.schema import EdgeType

Kind = str | EdgeType


class Store:
    """Tensors and lists of the nodes or edges of one type, by attribute or by key."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.__dict__.update(values or {})

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"The store must have '{name}' (got {', '.join(self.__dict__)}).")

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __len__(self) -> int:
        return len(self.__dict__)

    @property
    def num_edges(self) -> int:
        """Edges of the type; 0 for one that has none."""
        return int(self.edge_index.shape[1]) if "edge_index" in self else 0

    def items(self) -> ItemsView[str, Any]:
        """Return names and values."""
        return self.__dict__.items()


class PlainGraph:
    """Stores by node type, or by edge type as (source, verb, target); whatever else is set is of the whole graph.

    A store comes into being when it is asked for, as in ``HeteroData``; a copy has stores of its own with the same
    tensors.
    """

    def __init__(self) -> None:
        self._stores: dict[Kind, Store] = {}

    def __getitem__(self, kind: Kind) -> Store:
        return self._stores.setdefault(kind, Store())

    def __delitem__(self, kind: Kind) -> None:
        del self._stores[kind]

    def __copy__(self) -> PlainGraph:
        result = PlainGraph()
        result.__dict__.update(self.__dict__)
        result._stores = {kind: Store(dict(store.items())) for kind, store in self._stores.items()}
        return result

    def __getattr__(self, name: str) -> Any:  # what is not there; defined, so that types are not asked for
        raise AttributeError(f"The graph has no '{name}'.")

    @property
    def node_types(self) -> list[str]:
        """Types of nodes."""
        return [kind for kind in self._stores if isinstance(kind, str)]

    @property
    def edge_types(self) -> list[EdgeType]:
        """Types of edges."""
        return [kind for kind in self._stores if not isinstance(kind, str)]

    def copy(self) -> PlainGraph:
        """Return a copy with stores of its own."""
        return copy.copy(self)

    def validate(self) -> None:
        """Check that edges end at nodes.

        Raises:
            ValueError: if one does not.
        """
        for kind in self.edge_types:
            if self[kind].num_edges:
                for end, nodes in zip((kind[0], kind[2]), self[kind].edge_index, strict=True):
                    if int(nodes.min()) < 0 or int(nodes.max()) >= self[end].num_nodes:
                        raise ValueError(f"Edges of '{kind[1]}' must end at a '{end}' of the graph.")
