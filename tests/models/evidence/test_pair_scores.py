import torch

from zoograph.graphs.schema import DATASET, SCORED_ON
from zoograph.models.evidence.cells import Cells
from zoograph.models.evidence.pair_scores import PairScores


def at(scores, model, dataset):
    one = torch.tensor([model]), torch.tensor([dataset])
    return scores.at(Cells(*one, torch.tensor([3]), torch.zeros(1).double()))[0]


def test_scores_are_found_by_pair_over_the_root_of_their_number_and_never_far(graph):
    store = graph[SCORED_ON]
    scores = PairScores.of(graph)
    expected = store.edge_attr.double().clamp(-2.5, 2.5) / store.edge_attr.shape[1] ** 0.5
    for edge in range(0, store.num_edges, 7):
        assert torch.equal(at(scores, *store.edge_index[:, edge].tolist()), expected[edge])
    wild = graph.clone()
    wild[SCORED_ON].edge_attr = torch.full_like(store.edge_attr, 99.0)
    assert PairScores.of(wild).values[:-1].max() * store.edge_attr.shape[1] ** 0.5 == 2.5


def test_a_pair_without_scores_and_a_mean_over_datasets_have_zeros(graph):
    scores, scored = PairScores.of(graph), set(map(tuple, graph[SCORED_ON].edge_index.t().tolist()))
    unscored = next((m, d) for m in range(8) for d in range(14) if (m, d) not in scored)
    assert not at(scores, *unscored).any()
    assert not at(scores, 0, graph[DATASET].num_nodes + 2).any()
