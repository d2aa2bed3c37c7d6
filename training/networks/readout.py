"""What a trained network answers: read off the whole graph, or off one with a bounded number of neighbours."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, NODE_TYPES, RELATED_TO, SCORED_ON, TRANSFERS_TO, EdgeType
from zoograph.graphs.splits import reveal
from zoograph.models.networks.encoder import encode
from zoograph.models.networks.gnn import TransferGNN, pair_scores
from zoograph.models.networks.message_passing import edge_attributes
from zoograph.models.pair_features import NumberScaler
from zoograph.training.networks.neighbor_sampler import NeighborSampler, SortedPairs, sort_pairs

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
    sampler = NeighborSampler(graph, torch.Generator().manual_seed(seed))
    everything = {kind: torch.arange(graph[kind].num_nodes) for kind in NODE_TYPES}
    cut = sampler.sample(everything, (num_neighbors,), ~visible)
    scalers = _scalers(network)
    x_dict = network.stack(encode(network.encoders, cut), cut.edge_index_dict, edge_attributes(cut, scalers))
    by_pair = sort_pairs(graph, SCORED_ON)
    means, spreads = [], []
    for some in pairs.split(_PAIRS_AT_ONCE, dim=1):
        scores = pair_scores(_scored(graph, some, by_pair), some, scalers[SCORED_ON])
        logit, log_spread = network.decoder(x_dict[MODEL][some[0]], x_dict[DATASET][some[1]], scores)
        means.append(torch.sigmoid(logit + network.accuracy_logit))
        spreads.append(0.1 * torch.nn.functional.softplus(log_spread) + 1e-3)
    return torch.cat(means), torch.cat(spreads)


def _scalers(network: TransferGNN) -> dict[EdgeType, NumberScaler]:
    return {
        kind: NumberScaler(getattr(network, f"{kind[1]}_mean"), getattr(network, f"{kind[1]}_std"))
        for kind in (TRANSFERS_TO, SCORED_ON, RELATED_TO)
    }


def _scored(graph: HeteroData, pairs: Tensor, by_pair: SortedPairs) -> HeteroData:
    """Return the scores that were measured of ``pairs``, and no others."""
    found, store, result = by_pair.find(pairs), graph[SCORED_ON], HeteroData()
    result[DATASET].num_nodes = graph[DATASET].num_nodes
    for key in ("edge_attr", "edge_attr_mask"):
        result[SCORED_ON][key] = store[key][found]
    result[SCORED_ON].edge_index = store.edge_index[:, found]
    return result
