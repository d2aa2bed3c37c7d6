"""Training episodes: at every step other accuracies are hidden and supervised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import IterableDataset
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import reveal


class Episode(NamedTuple):
    """One training step.

    Attributes:
        graph: what message passing reads; the supervised accuracies are not in it.
        pairs: (2, n) supervised pairs.
        target: (n,) their accuracies.
        sample_size: (n,) images each was measured on; NaN where not known.
    """

    graph: HeteroData
    pairs: Tensor
    target: Tensor
    sample_size: Tensor


class Episodes(IterableDataset[Episode]):
    """Draws episodes from a training graph.

    Each hides a share of single accuracies, and all accuracies of some datasets and of some models, so that
    the network learns to complete a sparse row as well as to judge a newcomer by its card.
    """

    def __init__(self, graph: HeteroData, num_steps: int, seed: int) -> None:
        self.graph, self.num_steps, self.seed = graph, num_steps, seed

    def __len__(self) -> int:
        return self.num_steps

    def __iter__(self) -> Iterator[Episode]:
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.num_steps):
            hidden = draw_hidden(self.graph, generator)
            yield make_episode(self.graph, hidden.to(self.graph[TRANSFERS_TO].edge_index.device))


def make_episode(graph: HeteroData, hidden: Tensor) -> Episode:
    """Return the episode that asks for the ``hidden`` (E,) accuracies and shows the others."""
    store = graph[TRANSFERS_TO]
    return Episode(
        reveal(graph, ~hidden),
        store.edge_index[:, hidden],
        store.edge_label[hidden],
        store.sample_size[hidden],
    )


def draw_hidden(graph: HeteroData, generator: torch.Generator) -> Tensor:
    """Return (E,) bool of the accuracies to hide, drawn on the CPU; at least one is hidden."""
    source, target = graph[TRANSFERS_TO].edge_index.cpu()
    num_edges = len(source)
    share = torch.rand((), generator=generator) * 0.6 + 0.1
    hidden = torch.rand(num_edges, generator=generator) < share
    for nodes, rate in ((target, 0.15), (source, 0.1)):
        whole = torch.rand(int(nodes.max()) + 1, generator=generator) < rate
        hidden |= whole[nodes]
    hidden[torch.randint(num_edges, (), generator=generator)] = True
    return hidden
