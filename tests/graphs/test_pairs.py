import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import DATASET, SCORED_ON


def graph_of(edges):
    graph = HeteroData()
    graph[DATASET].num_nodes = 5
    graph[SCORED_ON].edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    return graph


def test_each_pair_finds_its_own_edge():
    index = PairIndex.of(graph_of([(2, 1), (0, 4), (2, 0)]), SCORED_ON)
    assert index.find(torch.tensor([[0, 2, 2, 1, 3], [4, 1, 0, 1, 4]])).tolist() == [1, 0, 2, -1, -1]


def test_no_edges_and_no_pairs():
    pairs = torch.tensor([[0, 2], [4, 1]])
    assert PairIndex.of(graph_of([]), SCORED_ON).find(pairs).tolist() == [-1, -1]
    assert PairIndex.of(graph_of([(0, 4)]), SCORED_ON).find(pairs[:, :0]).tolist() == []
