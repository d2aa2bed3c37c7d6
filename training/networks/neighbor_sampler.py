"""Neighbour sampling: sub-graphs with a bounded number of edges of each type into each node.

:class:`torch_geometric.loader.NeighborLoader` samples through ``pyg-lib`` or ``torch-sparse``. Neither has wheels
on the package index, and without them it raises an ``ImportError``; it also cannot leave out the supervised edges
of a batch. What is needed fits in one file of sorted edges and integer arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import EDGE_TYPES, NODE_TYPES, SCORED_ON, TRANSFERS_TO, EdgeType, reverse

_NODE_FEATURES = ("x_number", "x_number_mask", "x_category", "x_text", "x_text_mask")
_ACCURACIES = (TRANSFERS_TO, reverse(TRANSFERS_TO))


class InEdges(NamedTuple):
    """The edges of one type, sorted by target and shuffled within a target.

    Attributes:
        edge: (E,) positions in the graph's ``edge_index``.
        start: (N + 1,) where the edges into each target begin.
    """

    edge: Tensor
    start: Tensor

    @classmethod
    def of(cls, target: Tensor, num_nodes: int, generator: torch.Generator) -> InEdges:
        """Return the edges into each of ``num_nodes`` nodes, given the (E,) ``target`` of each."""
        shuffled = torch.randperm(len(target), generator=generator)
        edge = shuffled[target[shuffled].argsort(stable=True)]
        start = torch.zeros(num_nodes + 1, dtype=torch.long)
        torch.cumsum(torch.bincount(target, minlength=num_nodes), 0, out=start[1:])
        return cls(edge, start)

    def sample(self, nodes: Tensor, most: int, generator: torch.Generator) -> Tensor:
        """Return at most ``most`` different edges into each of ``nodes``: a window of its shuffled ones."""
        first = self.start[nodes]
        degree = self.start[nodes + 1] - first
        count = degree.clamp(max=most)
        row = torch.repeat_interleave(count)
        step = torch.arange(len(row)) - (count.cumsum(0) - count)[row]
        offset = (torch.rand(len(nodes), generator=generator, dtype=torch.float64) * degree).long()
        return self.edge[first[row] + (offset[row] + step) % degree[row]]


class NeighborSampler:
    """Cuts sub-graphs out of a graph, with a bounded number of edges of each type into each node.

    Args:
        graph: as built, or the training part of a split.
        generator: every draw is made by it.
    """

    def __init__(self, graph: HeteroData, generator: torch.Generator) -> None:
        self.graph, self.generator = graph, generator
        self.shuffle()

    def shuffle(self) -> None:
        """Sort all edges anew, with other windows."""
        self._in_edges = {
            kind: InEdges.of(self.graph[kind].edge_index[1], self.graph[kind[2]].num_nodes, self.generator)
            for kind in EDGE_TYPES
        }

    def sample(
        self,
        seeds: Mapping[str, Tensor],
        num_neighbors: Sequence[int],
        hidden: Tensor,
        new: Mapping[str, Tensor] | None = None,
        scored: Tensor | None = None,
    ) -> HeteroData:
        """Return the sub-graph around ``seeds`` as :func:`zoograph.graphs.splits.reveal` would: no targets.

        Args:
            seeds: nodes by type, each once.
            num_neighbors: edges of each type into a node, at most, one number a hop.
            hidden: (E,) accuracies that must not be seen, in neither direction.
            new: by type, (N,) bool of the models and datasets whose accuracies are all hidden.
            scored: ``scored_on`` edges that are wanted beside the sampled ones.

        Returns:
            A graph that :class:`zoograph.models.networks.gnn.TransferGNN` takes. Its nodes' numbers in the whole
            graph are ``n_id`` (N,), in ascending order; its edges' are ``e_id`` (E,).
        """
        graph = self.graph
        reached = {kind: torch.zeros(graph[kind].num_nodes, dtype=torch.bool) for kind in NODE_TYPES}
        edges: dict[EdgeType, list[Tensor]] = {kind: [torch.empty(0, dtype=torch.long)] for kind in EDGE_TYPES}
        if scored is not None:
            edges[SCORED_ON].append(scored)
        frontier = dict(seeds)
        for kind, nodes in frontier.items():
            reached[kind][nodes] = True
        for most in num_neighbors:
            found = {kind: torch.zeros_like(mask) for kind, mask in reached.items()}
            for edge_type, in_edges in self._in_edges.items():
                source, _, target = edge_type
                if target not in frontier:
                    continue
                chosen = in_edges.sample(frontier[target], most, self.generator)
                if edge_type in _ACCURACIES:
                    chosen = chosen[~hidden[chosen] & ~self._touches(new, edge_type, chosen)]
                edges[edge_type].append(chosen)
                found[source][graph[edge_type].edge_index[0, chosen]] = True
            frontier = {kind: (mask & ~reached[kind]).nonzero().flatten() for kind, mask in found.items()}
            for kind, nodes in frontier.items():
                reached[kind][nodes] = True
        return self._cut(reached, {kind: torch.unique(torch.cat(parts)) for kind, parts in edges.items()})

    def _touches(self, new: Mapping[str, Tensor] | None, kind: EdgeType, chosen: Tensor) -> Tensor:
        if new is None:
            return torch.zeros(len(chosen), dtype=torch.bool)
        source, target = self.graph[kind].edge_index[:, chosen]
        return new[kind[0]][source] | new[kind[2]][target]

    def _cut(self, reached: Mapping[str, Tensor], edges: Mapping[EdgeType, Tensor]) -> HeteroData:
        """Return the ``reached`` nodes and the ``edges`` between them, numbered anew."""
        result, graph, place = HeteroData(), self.graph, {}
        for kind, mask in reached.items():
            nodes = mask.nonzero().flatten()
            place[kind] = relabel(nodes, len(mask))
            result[kind].n_id, result[kind].num_nodes = nodes, len(nodes)
            for name in _NODE_FEATURES:
                result[kind][name] = graph[kind][name][nodes]
        for edge_type, chosen in edges.items():
            store, cut = graph[edge_type], result[edge_type]
            source, target = store.edge_index[:, chosen]
            cut.edge_index = torch.stack([place[edge_type[0]][source], place[edge_type[2]][target]])
            cut.e_id = chosen
            if edge_type in _ACCURACIES:
                cut.edge_attr = store.edge_label[chosen].unsqueeze(-1)
            elif "edge_attr" in store:
                cut.edge_attr, cut.edge_attr_mask = store.edge_attr[chosen], store.edge_attr_mask[chosen]
        return result


def relabel(nodes: Tensor, num_nodes: int) -> Tensor:
    """Return (num_nodes,) the place of each node among ``nodes``, -1 for the others."""
    place = torch.full((num_nodes,), -1)
    place[nodes] = torch.arange(len(nodes))
    return place
