"""Sub-graphs: bounded, without duplicates, numbered anew, and blind where they must be."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import HeteroData
from torch_geometric.utils import k_hop_subgraph

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, EDGE_TYPES, MODEL, NODE_TYPES, SCORED_ON, TRANSFERS_TO, reverse
from zoograph.training.networks.neighbor_sampler import InEdges, NeighborSampler, relabel


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(12, 40, scored=0.5, num_relations=20).zoo, HashEmbedder(8))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_in_edges_by_hand() -> None:
    in_edges = InEdges.of(torch.tensor([2, 0, 2, 2]), 3, _generator())
    assert in_edges.start.tolist() == [0, 1, 1, 4]
    assert in_edges.edge[0] == 1
    assert sorted(in_edges.edge[1:].tolist()) == [0, 2, 3]
    assert in_edges.sample(torch.tensor([1]), 5, _generator()).tolist() == []
    assert sorted(in_edges.sample(torch.tensor([0, 2]), 5, _generator()).tolist()) == [0, 1, 2, 3]


def test_a_sample_is_bounded_distinct_and_fair() -> None:
    target = torch.arange(10).repeat(20) % 10
    generator = _generator()
    drawn = torch.zeros(200)
    for _ in range(200):
        chosen = InEdges.of(target, 10, generator).sample(torch.tensor([3, 7]), 5, generator)
        assert len(torch.unique(chosen)) == 10
        assert torch.equal(target[chosen].bincount(), torch.tensor([0, 0, 0, 5, 0, 0, 0, 5]))
        drawn[chosen] += 1
    # 200 draws of 5 from 20: 50 each, with a standard deviation of 6.
    assert ((drawn[target == 3] - 50).abs() < 25).all()


def test_everything_is_read_where_nothing_is_hidden_and_nothing_bounded(graph: HeteroData) -> None:
    everything = {kind: torch.arange(graph[kind].num_nodes) for kind in NODE_TYPES}
    hidden = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    cut = NeighborSampler(graph, _generator()).sample(everything, (1000,), hidden)
    for kind in EDGE_TYPES:
        assert torch.equal(cut[kind].edge_index, graph[kind].edge_index)
    assert torch.equal(cut[TRANSFERS_TO].edge_attr[:, 0], graph[TRANSFERS_TO].edge_label)


def test_nodes_and_edges_keep_their_features_under_new_numbers(graph: HeteroData) -> None:
    hidden = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    seeds = {MODEL: torch.tensor([3, 5]), DATASET: torch.tensor([7])}
    cut = NeighborSampler(graph, _generator()).sample(seeds, (3, 2), hidden)
    assert set(cut[MODEL].n_id.tolist()) > {3, 5}
    assert cut.validate()
    for kind in NODE_TYPES:
        assert torch.equal(cut[kind].x_text, graph[kind].x_text[cut[kind].n_id])
    for kind in EDGE_TYPES:
        source, _, target = kind
        own = torch.stack([cut[source].n_id[cut[kind].edge_index[0]], cut[target].n_id[cut[kind].edge_index[1]]])
        assert torch.equal(own, graph[kind].edge_index[:, cut[kind].e_id])
        degree = cut[kind].edge_index[1].bincount()
        assert not len(degree) or degree.max() <= 3
        assert "edge_label" not in cut[kind]
    assert torch.equal(cut[SCORED_ON].edge_attr, graph[SCORED_ON].edge_attr[cut[SCORED_ON].e_id])


def test_hidden_accuracies_and_those_of_new_nodes_are_seen_in_neither_direction(graph: HeteroData) -> None:
    everything = {kind: torch.arange(graph[kind].num_nodes) for kind in NODE_TYPES}
    source, target = graph[TRANSFERS_TO].edge_index
    hidden = torch.rand(len(source), generator=_generator()) < 0.5
    new = {MODEL: torch.arange(12) == 4, DATASET: torch.arange(41) == 9}
    cut = NeighborSampler(graph, _generator()).sample(everything, (1000,), hidden, new)
    visible = (~hidden & (source != 4) & (target != 9)).nonzero().flatten()
    for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        assert torch.equal(cut[kind].e_id, visible)


@pytest.mark.parametrize("num_hops", [1, 2, 3])
def test_without_a_bound_it_is_the_subgraph_of_k_hops(graph: HeteroData, num_hops: int) -> None:
    start, shift = 0, {}
    for kind in NODE_TYPES:
        shift[kind], start = start, start + graph[kind].num_nodes
    edges = torch.cat(
        [
            graph[kind].edge_index + torch.tensor([[shift[kind[0]]], [shift[kind[2]]]])
            for kind in EDGE_TYPES
            if kind[1].removeprefix("rev_") not in ("scored_on", "transfers_to")  # they reach everything at once
        ],
        dim=1,
    )
    sparse = graph.clone()
    for kind in EDGE_TYPES:
        if kind[1].removeprefix("rev_") in ("scored_on", "transfers_to"):
            for name, value in graph[kind].items():
                if torch.is_tensor(value):
                    sparse[kind][name] = value[:, :0] if name == "edge_index" else value[:0]
    expected, _, _, _ = k_hop_subgraph([3, shift[DATASET] + 7], num_hops, edges, num_nodes=start)
    seeds = {MODEL: torch.tensor([3]), DATASET: torch.tensor([7])}
    cut = NeighborSampler(sparse, _generator()).sample(seeds, (1000,) * num_hops, torch.zeros(0, dtype=torch.bool))
    found = torch.cat([cut[kind].n_id + shift[kind] for kind in NODE_TYPES])
    assert sorted(found.tolist()) == sorted(expected.tolist())


def test_relabel() -> None:
    assert relabel(torch.tensor([1, 3]), 5).tolist() == [-1, 0, -1, 1, -1]
