"""Judging dataset by dataset, by hand on a few cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zoograph.models.method import Prediction
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.judging import (
    Cells,
    gather,
    judge,
    judge_dataset,
    mean_over_datasets,
    ndcg_at,
    worst_datasets,
)
from zoograph.training.evaluation.collections.questions import PROTOCOLS


def make_cells(predicted, measured, known=(), half=0.11) -> Cells:
    said, true = np.array(predicted, dtype=float), np.array(measured, dtype=float)
    models = np.arange(len(said))
    others = np.arange(len(said), len(said) + len(known))
    return Cells(0, 0, models, said, said - half, said + half, true, others, np.array(known, dtype=float))


def test_a_dataset_has_its_rankings_its_errors_and_its_intervals():
    verdict = judge_dataset("d", [make_cells([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.35, 0.3, 0.7])])
    assert verdict.num_cells == 5
    assert verdict.kendall == pytest.approx(0.8)
    assert verdict.regret_at_1 == pytest.approx(0.0)
    assert verdict.mae == pytest.approx(0.07)
    assert verdict.coverage == pytest.approx(0.8)
    assert verdict.width == pytest.approx(0.22)
    assert verdict.orders == pytest.approx(0.9)
    assert verdict.num_orders == 10


def test_the_best_of_the_one_and_of_the_three_predicted_best():
    verdict = judge_dataset("d", [make_cells([0.5, 0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.35, 0.3, 0.7])])
    assert verdict.regret_at_1 == pytest.approx(0.6)
    assert verdict.regret_at_3 == pytest.approx(0.35)


def test_who_says_the_same_of_all_models_has_a_correlation_of_zero_and_half_of_the_orders():
    verdict = judge_dataset("d", [make_cells([0.5] * 5, [0.1, 0.2, 0.3, 0.4, 0.5])])
    assert (verdict.pearson, verdict.kendall, verdict.weighted_tau) == (0.0, 0.0, 0.0)
    assert verdict.orders == pytest.approx(0.5)
    alike = judge_dataset("d", [make_cells([0.1, 0.2, 0.3, 0.4, 0.5], [0.5] * 5)])
    assert (alike.pearson, alike.ndcg_at_5, alike.orders) == (None, None, None)


def test_a_model_out_is_not_ranked_but_placed_over_all_questions():
    cells = [make_cells([0.6], [0.8], known=[0.65, 0.9]), make_cells([0.7], [0.5], known=[0.65, 0.9])]
    verdict = judge_dataset("d", cells)
    assert (verdict.pearson, verdict.regret_at_1) == (None, None)
    assert (verdict.orders, verdict.num_orders) == (0.5, 4)
    assert verdict.mae == pytest.approx(0.2)


def test_gain_is_accuracy_above_the_worst_model():
    # Gains .0 .1 .2 in the order said: 0 + .1 / log2(3) + .2 / 2 of at best .2 + .1 / log2(3).
    found = ndcg_at(np.array([3.0, 2.0, 1.0]), np.array([0.5, 0.6, 0.7]), 5)
    assert found == pytest.approx((0.1 / np.log2(3) + 0.1) / (0.2 + 0.1 / np.log2(3)))


def test_what_is_asked_is_held_against_what_the_collection_itself_measured(part):
    questions = PROTOCOLS["dataset_out"](part, Limits(None, None)).questions
    perfect = [(q, Prediction(*[part.values[q.asked]] * 3)) for q in questions]
    verdicts = judge(part, perfect)
    assert {verdict.dataset for verdict in verdicts} == {"d0", "d1", "d2", "d3"}
    assert mean_over_datasets(verdicts)["mae"] == pytest.approx(0.0, abs=1e-12)
    assert mean_over_datasets(verdicts)["orders"] == pytest.approx(1.0)


def test_the_models_that_stay_are_compared_with_at_what_the_collection_measured(part):
    question = PROTOCOLS["model_out"](part, Limits(None, None)).questions[0]
    said = torch.full((4,), 0.9)
    cells = gather(part, [(question, Prediction(said, said, said))])
    assert [len(each.others) for each in cells] == [7] * 4
    # m0 is worst everywhere and said to be the best.
    assert [judge_dataset("d", [each]).orders for each in cells] == [0.0] * 4
    with pytest.raises(ValueError, match="asks 4 cells"):
        gather(part, [(question, Prediction(said[:2], said[:2], said[:2]))])


def test_the_worst_dataset_is_worst_in_its_own_direction():
    verdicts = [
        judge_dataset("good", [make_cells([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.3, 0.4, 0.5])]),
        judge_dataset("bad", [make_cells([0.1, 0.2, 0.3, 0.4, 0.5], [0.9, 0.8, 0.7, 0.6, 0.5])]),
    ]
    worst = worst_datasets(verdicts)
    assert worst["pearson"] == ("bad", pytest.approx(-1.0))
    assert worst["mae"] == ("bad", pytest.approx(0.4))
    assert worst["coverage"] == ("bad", pytest.approx(0.2))
