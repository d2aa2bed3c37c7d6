import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.means import Additive, ModelMean, StandardizedModelMean

SQUARE = {("a", "x"): 0.5, ("a", "y"): 0.7, ("b", "x"): 0.6, ("b", "y"): 0.9}
NEW = {"models": {"c": {}}, "datasets": {"z": {}}}


def pairs_of(*names):
    return torch.tensor([["abc".index(m) for m, _ in names], ["xyz".index(d) for _, d in names]])


def test_model_mean_by_hand(graph_of):
    mean = ModelMean().fit(graph_of(SQUARE, **NEW)).predict(pairs_of("ax", "by", "az", "cx")).mean
    assert mean.tolist() == pytest.approx([0.6, 0.75, 0.6, 0.675])


def test_model_mean_interval_holds_leave_one_out_errors(graph_of):
    values = {("a", f"d{i}"): 0.1 * i for i in range(10)}
    prediction = ModelMean().fit(graph_of(values)).predict(torch.tensor([[0], [0]]))
    # The mean of all ten is 0.45; left out, the ends err by 0.45 * 10 / 9 = 0.5, and rank 10 is an end.
    assert prediction.lower.item() == pytest.approx(0.0)
    assert prediction.upper.item() == pytest.approx(0.95)


def test_standardized_model_mean_by_hand(graph_of):
    method = StandardizedModelMean().fit(graph_of(SQUARE, **NEW))
    mean = method.predict(pairs_of("ax", "ay", "bx", "az", "cx", "cz")).mean
    # Levels are 0.55, 0.8 and, for the new one, their mean; a lies 0.05 and 0.1 below, on average 0.075.
    assert mean.tolist() == pytest.approx([0.475, 0.725, 0.625, 0.6, 0.55, 0.675])


def test_a_hard_dataset_does_not_make_its_models_worse(graph_of):
    graph = graph_of({("a", "x"): 0.1, ("b", "x"): 0.2, ("b", "y"): 0.7, ("c", "y"): 0.8}, datasets={"z": {}})
    standardized = StandardizedModelMean().fit(graph).predict(pairs_of("az", "bz", "cz")).mean
    assert standardized.tolist() == pytest.approx([0.4, 0.45, 0.5])
    assert ModelMean().fit(graph).predict(pairs_of("cz")).mean.item() == pytest.approx(0.8)


def test_additive_recovers_exact_sums_and_leaves_newcomers_at_the_mean(graph_of):
    skill, ease = [-0.2, 0.0, 0.2], [0.3, 0.4, 0.5, 0.6]
    names = [(m, d) for m in range(3) for d in range(4) if (m, d) != (0, 3)]
    graph = graph_of({(f"m{m}", f"d{d}"): skill[m] + ease[d] for m, d in names}, {"new": {}}, {"new": {}})
    method = Additive().fit(graph)
    mean = method.predict(torch.tensor([[0, 3, 2, 3], [3, 3, 4, 4]])).mean
    assert mean.tolist() == pytest.approx([0.4, 0.6, 0.65, 0.45], abs=0.02)


def test_additive_beats_the_model_mean_where_datasets_differ():
    graph = build_graph(make_synthetic_zoo(10, 40, density=0.6, seed=3).zoo, HashEmbedder(8))
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    train, pairs, target = hold_out(graph, held)
    error = {
        method: (method().fit(train).predict(pairs).mean - target).abs().mean()
        for method in (ModelMean, StandardizedModelMean, Additive)
    }
    assert error[Additive] < 0.8 * error[ModelMean]
    assert error[StandardizedModelMean] < 0.8 * error[ModelMean]
