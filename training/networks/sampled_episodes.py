"""Training episodes on mini-batches of sampled neighbours, for zoos too large for whole graphs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import IterableDataset
from torch_geometric.data import HeteroData

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import DATASET, MODEL, SCORED_ON, TRANSFERS_TO
from zoograph.training.networks.episodes import Episode
from zoograph.training.networks.neighbor_sampler import NeighborSampler

# Shares of the datasets and models that play new in a batch, as in full-graph episodes.
_NEW = {DATASET: 0.15, MODEL: 0.1}
_LEAST_BATCHES = 4


class SampledEpisodes(IterableDataset[Episode]):
    """Episodes on sub-graphs: in one pass every accuracy is asked for exactly once.

    A batch is a block of the table, some models by some datasets, rather than accuracies from all over it: so
    that the same number of accuracies has fewer neighbourhoods, and most of each neighbourhood stays visible.
    In each batch some models and datasets play new: all of their accuracies are hidden.

    Args:
        graph: training graph.
        batch_size: accuracies that a batch asks for, at most; and no batch asks for more than a quarter of all.
        num_neighbors: edges of each type into a node, at most, one number a hop.
        num_epochs: passes.
        seed: of every draw.
        first_epoch: passes that were made before.
        generator: where it was after those; default: a new one.
        at_epoch: called before each further pass with the passes that were made, and the generator's state.
    """

    def __init__(
        self,
        graph: HeteroData,
        batch_size: int = 4096,
        num_neighbors: Sequence[int] = (32, 8),
        num_epochs: int = 1,
        seed: int = 0,
        first_epoch: int = 0,
        generator: torch.Generator | None = None,
        at_epoch: Callable[[int, Tensor], None] | None = None,
    ) -> None:
        self.graph, self.batch_size, self.num_neighbors = graph, batch_size, num_neighbors
        self.num_epochs, self.seed = num_epochs, seed
        self._first, self._generator, self._at_epoch = first_epoch, generator, at_epoch

    def __len__(self) -> int:
        return (self.num_epochs - self._first) * num_batches(self.graph[TRANSFERS_TO].num_edges, self.batch_size)

    def __iter__(self) -> Iterator[Episode]:
        generator = self._generator or torch.Generator().manual_seed(self.seed)
        sampler = NeighborSampler(self.graph, generator)
        hidden = torch.zeros(self.graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
        scores = PairIndex.of(self.graph, SCORED_ON)
        for epoch in range(self._first, self.num_epochs):
            if epoch > self._first:
                if self._at_epoch is not None:
                    self._at_epoch(epoch, generator.get_state())
                sampler.shuffle()
            for batch in draw_batches(self.graph, self.batch_size, generator):
                hidden[batch] = True
                yield self._episode(sampler, batch, hidden, scores)
                hidden[batch] = False

    def _episode(self, sampler: NeighborSampler, batch: Tensor, hidden: Tensor, scores: PairIndex) -> Episode:
        store = self.graph[TRANSFERS_TO]
        pairs = store.edge_index[:, batch]
        seeds = {kind: torch.unique(nodes) for kind, nodes in zip((MODEL, DATASET), pairs, strict=True)}
        new = {
            kind: torch.rand(self.graph[kind].num_nodes, generator=sampler.generator) < share
            for kind, share in _NEW.items()
        }
        scored = scores.find(pairs)
        cut = sampler.sample(seeds, self.num_neighbors, hidden, new, scored[scored >= 0])
        local = torch.stack(
            [torch.searchsorted(cut[kind].n_id, nodes) for kind, nodes in zip((MODEL, DATASET), pairs, strict=True)]
        )
        return Episode(cut, local, store.edge_label[batch], store.sample_size[batch])


def num_batches(num_records: int, batch_size: int) -> int:
    """Return the batches of one pass over ``num_records``: four at least, so that most records stay visible."""
    return max(_LEAST_BATCHES, math.ceil(num_records / batch_size))


def draw_batches(graph: HeteroData, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """Return every ``transfers_to`` edge once, in batches that are blocks of the table, in any order.

    Models and datasets fall into as many random parts each as the root of the number of batches, so that a
    batch asks for a small share of what is known of a node and the rest stays to be seen.
    """
    edge_index = graph[TRANSFERS_TO].edge_index
    count = num_batches(edge_index.shape[1], batch_size)
    parts = math.isqrt(count)
    block = torch.zeros(edge_index.shape[1], dtype=torch.long)
    for kind, nodes in zip((MODEL, DATASET), edge_index, strict=True):
        num_nodes = graph[kind].num_nodes
        part = torch.randperm(num_nodes, generator=generator) * parts // max(num_nodes, 1)
        block = block * parts + part[nodes]
    shuffled = torch.randperm(len(block), generator=generator)
    batches = shuffled[block[shuffled].argsort(stable=True)].tensor_split(count)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
