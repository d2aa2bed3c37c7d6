import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import SCORED_ON
from zoograph.models.pair_features import fit_scalers, measured_scores, metadata_rows


def test_scalers_see_the_training_nodes_alone():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    pairs = torch.tensor([[0, 0], [0, 2]])
    before = fit_scalers(graph, pairs)
    graph["model"].x_number[1] = 1e6
    graph["dataset"].x_number[1] = 1e6
    after = fit_scalers(graph, pairs)
    for kind in before:
        assert torch.equal(before[kind].mean, after[kind].mean)
        assert torch.equal(before[kind].std, after[kind].std)


def test_rows_hold_numbers_flags_and_one_hot_categories():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    pairs = torch.tensor([[0, 2], [2, 3]])
    rows = metadata_rows(graph, pairs, fit_scalers(graph, pairs))
    assert rows.shape == (2, 2 * 7 + 3 + 2 * 3 + 3)
    assert rows[0, 14:17].tolist() == [0, 1, 0]
    assert rows[1, -3:].tolist() == [1, 0, 0]


def test_measured_scores_are_those_of_each_pair_and_nothing_else():
    graph = build_graph(make_synthetic_zoo(6, 12, scored=0.4).zoo, HashEmbedder(8))
    store = graph[SCORED_ON]
    values, known = measured_scores(graph, store.edge_index.flip(1))
    assert torch.equal(values, store.edge_attr.flip(0))
    assert torch.equal(known, store.edge_attr_mask.flip(0))
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(12)).t()
    values, known = measured_scores(graph, pairs)
    assert known.sum() == store.num_edges
    assert not values[~known].any()


def test_a_zoo_without_scores_has_none():
    graph = build_graph(make_synthetic_zoo(6, 12).zoo, HashEmbedder(8))
    values, known = measured_scores(graph, torch.tensor([[0, 5], [3, 11]]))
    assert values.shape == known.shape == (2, 0)
