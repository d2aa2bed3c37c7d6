"""Predictions of a trained network, from the whole graph or from one with a bounded number of neighbours."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import NODE_TYPES, SCORED_ON
from zoograph.graphs.splits import reveal
from zoograph.models.networks.gnn import TransferGNN
from zoograph.models.pair_features import measured_scores
from zoograph.training.networks.neighbor_sampler import NeighborSampler

_PAIRS_AT_ONCE = 200_000


@torch.no_grad()
def read_whole(network: TransferGNN, graph: HeteroData, visible: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return (n,) means and spreads of ``pairs``, from all ``visible`` (E,) accuracies of a graph."""
    mean, spread = network(reveal(graph, visible), pairs)
    return mean, spread


@torch.no_grad()
def read_sampled(
    network: TransferGNN,
    graph: HeteroData,
    visible: Tensor,
    pairs: Tensor,
    num_neighbors: int,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return what :func:`read_whole` does, in memory that grows with the nodes and not with the edges.

    Every node is embedded once, and pairs are decoded some at a time; so the answer to a pair does not
    depend on what else is asked. Of ``num_neighbors`` or fewer edges a node, all are read, and the answer is that of
    :func:`read_whole`.

    Args:
        network: as trained.
        graph: as built.
        visible: (E,) bool over its ``transfers_to`` edges.
        pairs: (2, n) model and dataset nodes.
        num_neighbors: edges of each type that are read into a node, at most.
        seed: which ones.
    """
    x_dict, index = embed_sampled(network, graph, visible, num_neighbors, seed), PairIndex.of(graph, SCORED_ON)
    parts = [
        network.decode(x_dict, some, *measured_scores(graph, some, index))
        for some in pairs.split(_PAIRS_AT_ONCE, dim=1)
    ]
    means, spreads = zip(*parts, strict=True)
    return torch.cat(means), torch.cat(spreads)


@torch.no_grad()
def embed_sampled(
    network: TransferGNN, graph: HeteroData, visible: Tensor, num_neighbors: int, seed: int = 0
) -> dict[str, Tensor]:
    """Return (N, C) embeddings of all nodes by type, from which :func:`read_sampled` reads its answers.

    The neighbours that are drawn depend on the graph and the seed, not on what is visible of it.
    """
    sampler = NeighborSampler(graph, torch.Generator().manual_seed(seed))
    everything = {kind: torch.arange(graph[kind].num_nodes) for kind in NODE_TYPES}
    return network.embed(sampler.sample(everything, (num_neighbors,), ~visible))
