"""Index of edges by their two nodes: sorted once, then found for any pairs in logarithmic time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.schema import EdgeType

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


class PairIndex(NamedTuple):
    """The edges of one type, sorted by source and target.

    Attributes:
        key: (E + 1,) ascending; the last entry, -1, is that of no edge.
        edge: (E + 1,) position of each in the graph's ``edge_index``; -1 for no edge.
        width: keys of a source.
    """

    key: Tensor
    edge: Tensor
    width: int

    @classmethod
    def of(cls, graph: HeteroData, kind: EdgeType) -> PairIndex:
        """Return the index of a graph's edges of one type."""
        source, target = graph[kind].edge_index
        width = int(graph[kind[2]].num_nodes)
        key, edge = (source * width + target).sort()
        return cls(torch.cat([key, key.new_full((1,), -1)]), torch.cat([edge, edge.new_full((1,), -1)]), width)

    def find(self, pairs: Tensor) -> Tensor:
        """Return (n,) the edge of each of the (2, n) ``pairs``, -1 where there is none."""
        wanted = pairs[0] * self.width + pairs[1]
        place = torch.searchsorted(self.key[:-1].contiguous(), wanted)
        return torch.where(self.key[place] == wanted, self.edge[place], -1)
