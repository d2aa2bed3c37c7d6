"""Beliefs of several accuracies: what a joint prediction says, and what a measurement changes."""

from __future__ import annotations

import pytest
import torch

from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.choosing.belief import SEED_DEVIATION, Belief, binomial_noise
from zoograph.training.predictors.joint import JointPrediction


def _joint(mean: torch.Tensor, covariance: torch.Tensor, half: float, contenders: torch.Tensor) -> JointPrediction:
    draws = torch.cat([root := torch.linalg.cholesky(covariance).t() * len(covariance) ** 0.5, -root])
    ranked = torch.ones(1, dtype=torch.bool)
    draws = draws + mean[contenders]
    return JointPrediction(mean, mean - half, mean + half, draws, torch.zeros_like(mean), ranked, contenders)


def test_a_measurement_moves_what_is_correlated_with_it() -> None:
    belief = Belief(
        torch.tensor([0.5, 0.6, 0.7]),
        torch.tensor([[0.04, 0.02, 0.0], [0.02, 0.04, 0.0], [0.0, 0.0, 0.04]]),
        torch.full((3,), 0.01),
    )
    after = belief.updated(0, 0.75)
    torch.testing.assert_close(after.mean, torch.tensor([0.7, 0.7, 0.7]))  # gains 0.8, 0.4 and 0 of a surprise of 0.25
    torch.testing.assert_close(after.covariance[0], torch.tensor([0.008, 0.004, 0.0]))
    torch.testing.assert_close(after.covariance[1, 1], torch.tensor(0.032))


def test_many_updates_are_those_of_all_records_at_once() -> None:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    belief = Belief(torch.rand(5, generator=generator).double(), root @ root.t(), torch.rand(5).double())
    at, seen = torch.tensor([3, 1]), torch.tensor([0.2, 0.9], dtype=torch.float64)
    known = belief.covariance[at][:, at] + torch.diag(belief.noise[at])
    weights = belief.covariance[:, at] @ torch.linalg.inv(known)
    step = belief.updated(3, 0.2).updated(1, 0.9)
    torch.testing.assert_close(step.mean, belief.mean + weights @ (seen - belief.mean[at]))
    torch.testing.assert_close(step.covariance, belief.covariance - weights @ belief.covariance[at])


def test_it_is_of_the_contenders_and_of_the_test_images() -> None:
    mean = torch.tensor([0.6, 0.1, 0.6], dtype=torch.float64)
    within = torch.tensor([[0.02, 0.01], [0.01, 0.02]], dtype=torch.float64)
    belief = Belief.of(_joint(mean, within, 1e-9, torch.tensor([0, 2])), test_size=100)
    torch.testing.assert_close(belief.mean, torch.tensor([0.6, 0.6], dtype=torch.float64))
    torch.testing.assert_close(belief.covariance, within + torch.eye(2) * 0.5 * 0.6 * 0.4 / 100)
    torch.testing.assert_close(belief.noise, torch.full((2,), SEED_DEVIATION**2, dtype=torch.float64))


def test_wide_intervals_are_a_level_that_all_share_and_differences_keep_their_width() -> None:
    mean = torch.tensor([0.5, 0.6], dtype=torch.float64)
    within = torch.diag(torch.full((2,), 0.0004, dtype=torch.float64))
    half = 0.2 * INTERVAL_SIGMAS
    belief = Belief.of(_joint(mean, within, half, torch.arange(2)), test_size=1e12)
    assert belief.covariance[0, 0] == pytest.approx(0.04 - SEED_DEVIATION**2, rel=1e-6)
    difference = belief.covariance.diagonal().sum() - 2 * belief.covariance[0, 1]
    assert float(difference) == pytest.approx(0.0008)
    harder = belief.updated(0, 0.2)  # 30 points below what was expected, for all alike
    assert float(harder.mean[1] - harder.mean[0]) == pytest.approx(0.1, abs=0.01)


def test_several_measurements_at_once_are_those_one_after_the_other() -> None:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    belief = Belief(torch.rand(4, generator=generator).double(), root @ root.t(), torch.full((4,), 0.01).double())
    at, seen = torch.tensor([2, 0]), torch.tensor([0.2, 0.9], dtype=torch.float64)
    step, once = belief.updated(2, 0.2).updated(0, 0.9), belief.given(at, seen, torch.diag(belief.noise[at]))
    torch.testing.assert_close(once.mean, step.mean)
    torch.testing.assert_close(once.covariance, step.covariance)


def test_an_offset_that_measurements_have_in_common_tells_how_models_differ() -> None:
    unit = torch.eye(2, dtype=torch.float64)
    belief = Belief(torch.tensor([0.5, 0.5]).double(), 0.01 * unit, torch.zeros(2).double())
    shifted = belief.given(torch.tensor([0, 1]), torch.tensor([0.8, 0.9]), 1e-6 * unit + 1e4)
    assert float(shifted.mean.mean()) == pytest.approx(0.5, abs=1e-3)
    assert float(shifted.mean[1] - shifted.mean[0]) == pytest.approx(0.1, abs=1e-3)


def test_what_a_finite_test_set_does_is_binomial_and_never_nothing() -> None:
    assert binomial_noise(torch.tensor([0.5]), 100).item() == pytest.approx(0.0025)
    assert binomial_noise(torch.tensor([1.0]), 100).item() == pytest.approx(0.98 * 0.02 / 100)


def test_what_is_a_models_own_is_what_not_all_share() -> None:
    belief = Belief(torch.zeros(2), torch.tensor([[0.05, 0.03], [0.03, 0.05]]), torch.zeros(2))
    torch.testing.assert_close(belief.own(), torch.full((2,), 0.01))


def test_what_is_a_models_own_is_right_where_one_is_known_better_than_others() -> None:
    own = torch.tensor([0.04, 0.0025, 0.0025, 0.0025, 0.0025, 0.0025])
    belief = Belief(torch.zeros(6), 0.03 + torch.diag(own), torch.zeros(6))
    found = belief.own()
    assert (found > 0.6 * own).all()
    assert (found < 1.3 * own).all()
