import math
from statistics import NormalDist

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, TRANSFERS_TO, reverse
from zoograph.training.answers.expected_regret import chance_of_best, weigh_models
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.predictors.joint import JointPrediction, centred, draw_normal

EMBED = HashEmbedder(8)
TINY = TrainingConfig(num_steps=3, num_records=60)
EVERY = torch.arange(8)
TASKS = torch.tensor([3, 5])


@pytest.fixture(scope="module")
def graph():
    """Eight models, of which model 2 is the best by far on each of 20 datasets."""
    zoo = make_synthetic_zoo(8, 20).zoo
    best = zoo.runs["model"] == list(zoo.models)[2]
    zoo.runs["value"] = (0.7 * zoo.runs["value"]).where(~best, 0.98)
    return build_graph(zoo, EMBED)


@pytest.fixture(scope="module")
def fitted(graph):
    return EvidencePredictor(TINY).fit(graph)


def weigh(predictor, models, datasets, graph=None):
    return weigh_models(predictor.joint(models, datasets, graph))


def joint_of(mean, covariance, num_draws=100_000):
    """What is drawn of models with these means and covariances."""
    draws = centred(draw_normal(mean, covariance, num_draws), mean)
    return JointPrediction(mean, mean, mean, draws, torch.zeros_like(mean), torch.ones(1).bool())


def planted(graph, pair, value):
    copy = graph.clone()
    cell = (graph[TRANSFERS_TO].edge_index == torch.tensor(pair)[:, None]).all(0)
    for edge_type in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        copy[edge_type].edge_label = torch.where(cell, value, graph[TRANSFERS_TO].edge_label)
    return copy


def test_two_gaussians_in_closed_form():
    means = torch.tensor([0.5, 0.2], dtype=torch.float64)
    covariance = torch.tensor([[0.3, 0.1], [0.1, 0.4]], dtype=torch.float64)
    probability, regret = chance_of_best(draw_normal(means, covariance, 400_000))
    gap, deviation = 0.3, math.sqrt(0.3 + 0.4 - 2 * 0.1)
    wins = NormalDist().cdf(gap / deviation)
    lost = deviation * NormalDist().pdf(gap / deviation) - gap * (1 - wins)
    assert probability.tolist() == pytest.approx([wins, 1 - wins], abs=2e-3)
    assert regret.tolist() == pytest.approx([lost, lost + gap], abs=2e-3)


def test_order_of_regret_is_that_of_the_means_and_regret_is_never_negative():
    means = torch.tensor([0.5, 0.4, 0.501, 0.39], dtype=torch.float64)
    probability, regret = chance_of_best(draw_normal(means, 0.04 * torch.eye(4, dtype=torch.float64), 8))
    assert regret.argsort().tolist() == means.argsort(descending=True).tolist()
    assert (regret >= 0).all()
    assert (regret[0] - regret[2]).item() == pytest.approx(0.001)
    assert probability.sum().item() == pytest.approx(1)


def test_who_is_no_contender_is_never_the_best_and_loses_what_the_others_win():
    mean = torch.tensor([0.1, 0.5, 0.52], dtype=torch.float64)
    everyone = joint_of(mean, 0.01 * torch.eye(3, dtype=torch.float64))
    two = everyone._replace(draws=everyone.draws[:, 1:], contenders=torch.tensor([1, 2]))
    one, other = weigh_models(everyone), weigh_models(two)
    assert other.probability_best[0] == 0
    assert torch.allclose(one.probability_best, other.probability_best, atol=5e-3)
    assert torch.allclose(one.expected_regret, other.expected_regret, atol=1e-3)
    assert (other.expected_regret[0] - other.expected_regret[1]).item() == pytest.approx(0.4)


def test_nobody_loses_more_than_is_missing_to_one():
    mean = torch.tensor([0.9, 0.95, 0.97], dtype=torch.float64)
    outlook = weigh_models(joint_of(mean, 0.5 * torch.eye(3, dtype=torch.float64)))
    assert (outlook.expected_regret <= 1 - mean).all()


def test_newcomers_known_by_nothing_lose_no_more_than_is_missing_to_one(graph, fitted):
    """Where logits are uncertain by units, what is drawn is an accuracy still."""
    joint = fitted.joint(EVERY, torch.tensor([20]))
    assert joint.draws.max() < 1.02  # means of draws are moved by what their closed form is off by
    outlook = weigh_models(joint)
    assert (outlook.expected_regret <= 1 - outlook.mean + 1e-12).all()


def test_the_best_by_far_is_found_and_costs_nothing(fitted):
    outlook = weigh(fitted, EVERY, TASKS)
    assert outlook.probability_best.sum().item() == pytest.approx(1)
    assert outlook.probability_best[2] > 0.999
    assert outlook.expected_regret[2] < 1e-6
    others = EVERY != 2
    assert torch.allclose(outlook.expected_regret[others], (outlook.mean[2] - outlook.mean)[others], atol=1e-6)


def test_a_single_candidate_is_the_best(fitted):
    outlook = weigh(fitted, EVERY[:1], TASKS)
    assert outlook.probability_best.tolist() == [1.0]
    assert outlook.expected_regret.tolist() == [0.0]


def test_a_family_is_the_mean_of_its_tasks(fitted):
    both = weigh(fitted, EVERY, TASKS)
    each = [weigh(fitted, EVERY, task[None]) for task in TASKS]
    for column in range(3):
        assert torch.allclose(both[column], (each[0][column] + each[1][column]) / 2)


def test_draws_agree_with_naive_ones_from_the_joint(fitted):
    models = torch.tensor([0, 1, 4])
    joint = fitted.joint(models, TASKS)
    outlook = weigh_models(joint)
    torch.manual_seed(0)
    accuracy = torch.distributions.MultivariateNormal(joint.mean, joint.covariance).sample((40_000,))
    best = accuracy.max(1)
    wins = best.indices.bincount(minlength=3) / len(accuracy)
    assert torch.allclose(outlook.probability_best, wins.double(), atol=0.015)
    assert torch.allclose(outlook.expected_regret, (best.values[:, None] - accuracy).mean(0), atol=1e-3)


def test_an_unmeasured_pair_is_answered_as_predict_does(graph, fitted):
    corpus = torch.tensor([20])
    outlook = weigh(fitted, EVERY, corpus)
    prediction = fitted.predict(torch.stack([EVERY, corpus.expand(8)]))
    for ours, theirs in zip(outlook[:3], prediction, strict=True):
        assert torch.allclose(ours.float(), theirs)


def test_the_own_record_counts(graph, fitted):
    """Unlike in ``predict``: a worse measurement of the pair itself lowers what is expected of it."""
    before = weigh(fitted, EVERY, TASKS[:1], graph)
    after = weigh(fitted, EVERY, TASKS[:1], planted(graph, [2, 3], 0.6))
    assert after.mean[2] < before.mean[2] - 0.01


def test_a_dataset_on_which_all_are_equal_has_no_clear_best():
    zoo = make_synthetic_zoo(30, 5).zoo
    zoo.runs.loc[zoo.runs["dataset"] == "task_1", "value"] = 0.7
    fitted = EvidencePredictor(TINY).fit(build_graph(zoo, EMBED))
    outlook = weigh(fitted, torch.arange(30), torch.tensor([1]))
    assert outlook.mean.tolist() == pytest.approx([0.7] * 30, abs=0.05)
    assert outlook.probability_best.max() < 0.3


def test_widths_that_promise_nothing_leave_the_draws_as_they_are(graph, fitted):
    tensors, values = fitted.state()
    careless = EvidencePredictor.from_state(tensors, {**values, "widths": [math.inf] * 6}, graph)
    outlook = weigh(careless, EVERY, TASKS)
    chance = torch.exp(-graph[DATASET].classes[TASKS]).mean().item()  # no accuracy is below it
    assert outlook.lower.tolist() == pytest.approx([chance] * 8)
    assert outlook.probability_best[2] > 0.999
