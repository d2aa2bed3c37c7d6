"""Metrics of rankings, errors and intervals: by hand, and against naive loops."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from zoograph.models.method import Prediction
from zoograph.training.evaluation.metrics import evaluate, interval_scores, rank_dataset, regret, summarise


def flat(mean, half_width=0.1):
    mean = torch.as_tensor(mean, dtype=torch.float64)
    return Prediction(mean, mean - half_width, mean + half_width)


def on(datasets):
    datasets = torch.tensor(datasets)
    return torch.stack([torch.arange(len(datasets)), datasets])


def accuracies(values):
    return torch.tensor(values, dtype=torch.float64)


def test_metrics_of_one_dataset_by_hand():
    # Deviations (-2, -1, 0, 1, 2) and (-2, 0, -1, 1, 2) tenths: r = 9 / 10; one of ten pairs is discordant.
    predicted, target = accuracies([0.1, 0.2, 0.3, 0.4, 0.5]), accuracies([0.2, 0.4, 0.3, 0.5, 0.6])
    result = evaluate(flat(predicted, 0.15), target, on([7] * 5))
    assert result.pearson == pytest.approx(0.9)
    assert result.kendall == pytest.approx(0.8)
    assert (result.regret_at_1, result.regret_at_3) == (0.0, 0.0)
    assert result.mae == pytest.approx(0.1)
    assert result.rmse == pytest.approx(math.sqrt(0.07 / 5))
    assert result.coverage == pytest.approx(0.8)
    assert result.width == pytest.approx(0.3)
    sigma = 0.15 / 1.6448536
    squares = sum(error**2 for error in (0.1, 0.2, 0.0, 0.1, 0.1)) / 5
    expected = -0.5 * squares / sigma**2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)
    assert result.log_likelihood == pytest.approx(expected)
    assert (result.num_cells, result.num_datasets, result.num_small, result.num_undefined) == (5, 1, 0, 0)
    assert result.rankings[0].dataset == 7
    assert result.cold is None


def test_regret_is_the_accuracy_lost_by_trying_the_predicted_best():
    predicted = accuracies([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    target = accuracies([0.50, 0.55, 0.52, 0.80, 0.70, 0.60])
    result = evaluate(flat(predicted), target, on([0] * 6))
    assert result.regret_at_1 == pytest.approx(0.30)
    assert result.regret_at_3 == pytest.approx(0.25)


@pytest.mark.parametrize("k", [1, 2, 3, 9])
@pytest.mark.parametrize(
    "predicted", [[1, 1, 1, 1, 1], [3, 2, 2, 2, 1], [2, 2, 1, 1, 0], [1, 2, 3, 4, 5], [5, 5, 5, 5, 1]]
)
def test_regret_is_the_mean_over_all_orders_of_ties(predicted, k):
    measured = [0.3, 0.9, 0.5, 0.5, 0.2]
    losses = []
    for order in itertools.permutations(range(5)):
        best_first = sorted(order, key=lambda model: -predicted[model])
        losses.append(0.9 - max(measured[model] for model in best_first[:k]))
    assert regret(np.array(predicted, float), np.array(measured), k) == pytest.approx(np.mean(losses))


def naive_tau_b(x, y):
    concordant, x_pairs, y_pairs = 0, 0, 0
    for i, j in itertools.combinations(range(len(x)), 2):
        concordant += np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])
        x_pairs += x[i] != x[j]
        y_pairs += y[i] != y[j]
    return concordant / math.sqrt(x_pairs * y_pairs)


def naive_weighted_tau(x, y):
    # Vigna (2015), "A weighted correlation index for rankings with ties", for rankings without ties.
    taus = []
    for rank in (stats.rankdata(-x) - 1, stats.rankdata(-y) - 1):
        agreement = total = 0.0
        for i, j in itertools.combinations(range(len(x)), 2):
            weight = 1 / (rank[i] + 1) + 1 / (rank[j] + 1)
            agreement += weight * np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])
            total += weight
        taus.append(agreement / total)
    return np.mean(taus)


@pytest.mark.parametrize("seed", range(3))
def test_metrics_agree_with_naive_loops(seed):
    rng = np.random.default_rng(seed)
    datasets = rng.integers(6, size=60)
    target = rng.random(60)
    mean = np.clip(target + rng.normal(0, 0.3, 60), 0, 1).round(6)
    width = rng.random(60) * 0.4
    lower, upper = np.clip(mean - width, 0, 1), np.clip(mean + width, 0, 1)
    known = rng.random(60) < 0.2
    result = evaluate(
        Prediction(*(torch.tensor(part) for part in (mean, lower, upper))),
        torch.tensor(target),
        on(datasets.tolist()),
        known=torch.tensor(known),
    )

    pearson, tau, weighted, lost = [], [], [], []
    for dataset in range(6):
        cells = (datasets == dataset) & ~known
        if cells.sum() < 5:
            continue
        x, y = mean[cells], target[cells]
        pearson.append(np.corrcoef(x, y)[0, 1])
        tau.append(naive_tau_b(x, y))
        if len(set(x)) == len(x):
            weighted.append(naive_weighted_tau(x, y))
            assert result.rankings[len(pearson) - 1].weighted_tau == pytest.approx(weighted[-1])
            lost.append(y.max() - y[x.argmax()])
            assert result.rankings[len(pearson) - 1].regret_at_1 == pytest.approx(lost[-1])
    assert weighted
    assert result.num_datasets == len(pearson)
    assert result.pearson == pytest.approx(np.mean(pearson))
    assert result.kendall == pytest.approx(np.mean(tau))
    error = (mean - target)[~known]
    assert result.num_cells == len(error)
    assert result.mae == pytest.approx(np.mean([abs(e) for e in error]))
    assert result.rmse == pytest.approx(math.sqrt(np.mean([e * e for e in error])))
    inside = [low <= y <= high for low, y, high in zip(lower, target, upper, strict=True)]
    assert result.coverage == pytest.approx(np.mean(np.array(inside)[~known]))
    assert result.width == pytest.approx(np.mean((upper - lower)[~known]))


def test_known_cells_count_nowhere():
    target = accuracies([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9])
    known = torch.tensor([False] * 5 + [True, True])
    wrong = torch.cat([target[:5], accuracies([0.0, 0.0])])
    result = evaluate(flat(wrong), target, on([0] * 7), known=known)
    assert (result.num_cells, result.mae, result.regret_at_1) == (5, 0.0, 0.0)
    assert result.pearson == pytest.approx(1.0)


def test_a_small_dataset_is_not_ranked_but_its_cells_count():
    result = evaluate(flat([0.5] * 4), accuracies([0.4, 0.5, 0.6, 0.7]), on([0] * 4))
    assert (result.num_datasets, result.num_small, result.num_undefined) == (0, 1, 0)
    assert result.pearson is result.kendall is result.weighted_tau is result.regret_at_1 is None
    assert result.mae == pytest.approx(0.1)


@pytest.mark.parametrize("constant", ["prediction", "measurement"])
def test_an_undefined_correlation_is_counted_and_left_out(constant):
    rising, same = [0.1, 0.2, 0.3, 0.4, 0.5], [0.3, 0.3 + 1e-8, 0.3, 0.3, 0.3]
    predicted, measured = (same, rising) if constant == "prediction" else (rising, same)
    result = evaluate(flat(rising + predicted), accuracies(rising + measured), on([0] * 5 + [1] * 5))
    assert (result.num_datasets, result.num_undefined) == (2, 1)
    assert result.pearson == result.kendall == pytest.approx(1.0)
    assert result.rankings[1].pearson is result.rankings[1].weighted_tau is None


def test_cold_cells_are_judged_once_more_by_themselves():
    target = accuracies([0.1, 0.2, 0.3, 0.4, 0.5] * 2)
    predicted = torch.cat([target[:5], target[5:].flip(0)])
    cold = torch.tensor([False] * 5 + [True] * 5)
    result = evaluate(flat(predicted), target, on([0] * 5 + [1] * 5), cold=cold)
    assert result.pearson == pytest.approx(0.0)
    assert result.cold is not None
    assert result.cold.pearson == pytest.approx(-1.0)
    assert (result.cold.num_cells, result.cold.regret_at_1) == (5, pytest.approx(0.4))
    assert evaluate(flat(predicted), target, on([0] * 10), cold=~(cold | True)).cold is None


def test_the_order_of_cells_does_not_matter():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(40, generator=generator)
    prediction = flat((target + torch.rand(40, generator=generator)).mul(5).round() / 10)
    pairs = on(torch.randint(4, (40,), generator=generator).tolist())
    order = torch.randperm(40, generator=generator)
    shuffled = evaluate(Prediction(*(part[order] for part in prediction)), target[order], pairs[:, order])
    for one, other in zip(evaluate(prediction, target, pairs).rankings, shuffled.rankings, strict=True):
        assert vars(one) == pytest.approx(vars(other))


def test_an_interval_without_width_keeps_the_likelihood_finite():
    result = evaluate(flat([0.5, 0.5], 0.0), accuracies([0.5, 0.6]), on([0, 0]))
    assert math.isfinite(result.log_likelihood)


def test_bad_input_is_refused():
    target, pairs = accuracies([0.1, 0.2]), on([0, 0])
    with pytest.raises(ValueError, match=r"need one length \(got 3, 3, 3, 2, 2\)"):
        evaluate(flat([0.1, 0.2, 0.3]), target, pairs)
    with pytest.raises(ValueError, match="finite numbers"):
        evaluate(flat([0.1, float("nan")]), target, pairs)
    with pytest.raises(ValueError, match="lower end first"):
        evaluate(flat([0.1, 0.2], -0.1), target, pairs)
    with pytest.raises(ValueError, match="a cell that is asked"):
        evaluate(flat([0.1, 0.2]), target, pairs, known=torch.tensor([True, True]))


def test_summary_is_mean_and_sample_deviation_of_what_is_defined():
    first = evaluate(flat([0.5] * 5), accuracies([0.4, 0.5, 0.5, 0.5, 0.5]), on([0] * 5))
    second = replace(first, pearson=0.4, mae=0.06, cold=first)
    summary = summarise([first, second])
    assert summary["pearson"] == (pytest.approx(0.4), None, 1)
    assert summary["kendall"] == (None, None, 0)
    assert summary["mae"] == (pytest.approx(0.04), pytest.approx(0.04 / math.sqrt(2)), 2)
    assert summary["cold_mae"] == (pytest.approx(0.02), None, 1)


def test_rank_dataset_is_invariant_to_scale():
    predicted, measured = np.array([0.1, 0.5, 0.3, 0.2]), np.array([0.2, 0.6, 0.7, 0.3])
    one, other = rank_dataset(0, predicted, measured), rank_dataset(0, 3 * predicted - 1, measured)
    assert vars(one) == pytest.approx(vars(other))


def test_interval_scores_by_hand() -> None:
    answer = Prediction(torch.tensor([0.5] * 3), torch.tensor([0.4] * 3), torch.tensor([0.7] * 3))
    scores = interval_scores(answer, torch.tensor([0.5, 0.35, 0.8]))
    assert scores.tolist() == pytest.approx([0.3, 0.3 + 20 * 0.05, 0.3 + 20 * 0.1], abs=1e-5)
