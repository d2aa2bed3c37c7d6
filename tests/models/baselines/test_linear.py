import pytest
import torch
from sklearn.linear_model import Ridge, RidgeCV

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines import linear
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.conformal import half_width
from zoograph.models.pair_features import metadata_rows

EMBED = HashEmbedder(8)


def test_beats_the_mean_where_cards_are_informative():
    graph = build_graph(make_synthetic_zoo(12, 60, seed=1).zoo, EMBED)
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 4 == 0
    train, pairs, target = hold_out(graph, held)
    prediction = LinearRegression().fit(train).predict(pairs)
    error = (prediction.mean - target).abs().mean()
    constant = (train[TRANSFERS_TO].edge_label.mean() - target).abs().mean()
    assert error < 0.8 * constant
    inside = (target >= prediction.lower) & (target <= prediction.upper)
    assert 0.84 < inside.float().mean() < 0.96


def test_intervals_are_those_of_held_out_errors_and_wider_for_new_datasets():
    graph = build_graph(make_synthetic_zoo(12, 60, seed=1).zoo, EMBED)
    model, dataset = graph[TRANSFERS_TO].edge_index
    train, pairs, target = hold_out(graph, (dataset % 3 == 0) | ((model + dataset) % 5 == 0))
    fitted = LinearRegression().fit(train)
    prediction = fitted.predict(pairs)
    new = pairs[1] % 3 == 0
    inside = (target >= prediction.lower) & (target <= prediction.upper)
    for part in (new, ~new):
        assert 0.85 < inside[part].float().mean() < 0.97
    width = prediction.upper - prediction.mean
    free = prediction.upper < 1
    assert width[new & free].min() > width[~new & free].max()
    # The same records in a graph whose nodes have moved.
    moved = fitted.predict(pairs, graph)
    assert torch.equal(moved.upper, prediction.upper)


def test_known_errors_are_those_of_refits_without_the_record():
    graph = build_graph(make_synthetic_zoo(6, 8, seed=2).zoo, EMBED)
    value = graph[TRANSFERS_TO].edge_label.double()
    fitted = LinearRegression().fit(graph)
    rows = metadata_rows(graph, graph[TRANSFERS_TO].edge_index, fitted._scalers).double()
    whole = RidgeCV((0.1, 1.0, 10.0, 100.0)).fit(rows.numpy(), value.numpy())
    errors = []
    for i in range(len(value)):
        rest = torch.arange(len(value)) != i
        part = Ridge(whole.alpha_).fit(rows[rest].numpy(), value[rest].numpy())
        errors.append(float(value[i]) - part.predict(rows[i : i + 1].numpy()).clip(0, 1)[0])
    assert fitted._widths.known == pytest.approx(half_width(torch.tensor(errors)))


def test_state_brings_back_the_same_answers():
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, EMBED)
    fitted = LinearRegression().fit(graph)
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(21)).t()
    restored = LinearRegression.from_state(fitted.state(), graph)
    for a, b in zip(fitted.predict(pairs), restored.predict(pairs), strict=True):
        assert torch.equal(a, b)


def test_refuses_to_learn_from_one_record():
    graph = build_graph(make_toy_zoo(), EMBED)
    split = hold_out(graph, torch.arange(5) > 0)
    with pytest.raises(ValueError, match=r"needs 2 measured accuracies or more \(got 1\)"):
        LinearRegression().fit(split.train)


def test_the_mean_alone_is_that_of_the_whole_fit():
    graph = build_graph(make_synthetic_zoo(6, 8, seed=2).zoo, EMBED)
    pairs = graph[TRANSFERS_TO].edge_index
    alone = LinearRegression().fit_mean(graph).mean(pairs)
    assert torch.equal(alone, LinearRegression().fit(graph).predict(pairs).mean)


def test_of_very_many_records_a_random_part_is_enough(monkeypatch):
    """As many rows as are asked for are looked at, of all models and datasets alike, and each time the same."""
    graph = build_graph(make_synthetic_zoo(12, 60, seed=1).zoo, EMBED)
    pairs, value = graph[TRANSFERS_TO].edge_index, graph[TRANSFERS_TO].edge_label
    whole = LinearRegression().fit(graph).predict(pairs)
    looked: list[int] = []
    real = linear.fit_ridge
    monkeypatch.setattr(linear, "fit_ridge", lambda rows, *rest: looked.append(len(rows)) or real(rows, *rest))
    monkeypatch.setattr(linear, "_MOST_ROWS", 300)
    part = LinearRegression().fit(graph).predict(pairs)
    assert looked[0] == max(looked) == 300 < len(value)
    assert torch.equal(part.mean, LinearRegression().fit(graph).predict(pairs).mean)
    assert (part.mean - value).abs().mean() < 1.2 * (whole.mean - value).abs().mean()
