import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.pair_features import NumberScaler, fit_scalers, metadata_rows


def test_scaler_ignores_what_is_missing():
    numbers = torch.tensor([[1.0, 5.0], [3.0, 0.0], [0.0, 0.0]])
    mask = torch.tensor([[True, True], [True, False], [False, False]])
    scaler = NumberScaler.fitted(numbers, mask)
    assert scaler.mean.tolist() == [2.0, 5.0]
    assert scaler.std.tolist() == [1.0, 1.0]
    assert scaler(numbers, mask).tolist() == [[-1, 0, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_scaler_of_nothing_is_the_identity():
    scaler = NumberScaler.fitted(torch.zeros(0, 2), torch.zeros(0, 2, dtype=torch.bool))
    assert scaler.mean.tolist() == [0, 0]
    assert scaler.std.tolist() == [1, 1]


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
