"""Beliefs of several accuracies: what a joint prediction says, and what a measurement changes."""

from __future__ import annotations

import pytest
import torch

from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.choosing.beliefs.belief import SEED_DEVIATION, Belief, binomial_noise
from zoograph.training.predictors.joint import JointPrediction


def _joint(mean: torch.Tensor, covariance: torch.Tensor, half: float, contenders: torch.Tensor) -> JointPrediction:
    draws = torch.cat([root := torch.linalg.cholesky(covariance).t() * len(covariance) ** 0.5, -root])
    ranked = torch.ones(1, dtype=torch.bool)
    draws = draws + mean[contenders]
    return JointPrediction(mean, mean - half, mean + half, draws, torch.zeros_like(mean), ranked, contenders)


def _given(belief: Belief, *measured: tuple[int, float]) -> Belief:
    at, values = (torch.tensor(column) for column in zip(*measured, strict=True))
    return belief.given(at, values, torch.diag(belief.noise[at]))


def test_a_measurement_moves_what_is_correlated_with_it() -> None:
    belief = Belief(
        torch.tensor([0.5, 0.6, 0.7]),
        torch.tensor([[0.04, 0.02, 0.0], [0.02, 0.04, 0.0], [0.0, 0.0, 0.04]]),
        torch.full((3,), 0.01),
    )
    after = _given(belief, (0, 0.75))
    torch.testing.assert_close(after.mean, torch.tensor([0.7, 0.7, 0.7]))  # gains 0.8, 0.4 and 0 of a surprise of 0.25
    torch.testing.assert_close(after.covariance[0], torch.tensor([0.008, 0.004, 0.0]))
    torch.testing.assert_close(after.covariance[1, 1], torch.tensor(0.032))


def test_several_measurements_are_conditioned_on_in_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    belief = Belief(torch.rand(5, generator=generator).double(), root @ root.t(), torch.rand(5).double())
    at, seen = torch.tensor([3, 1]), torch.tensor([0.2, 0.9], dtype=torch.float64)
    known = belief.covariance[at][:, at] + torch.diag(belief.noise[at])
    weights = belief.covariance[:, at] @ torch.linalg.inv(known)
    after = _given(belief, (3, 0.2), (1, 0.9))
    torch.testing.assert_close(after.mean, belief.mean + weights @ (seen - belief.mean[at]))
    within = belief.covariance - weights @ belief.covariance[at]
    inverse, residual, one = torch.linalg.inv(known), seen - belief.mean[at], torch.ones(2, dtype=torch.float64)
    surprise = residual @ inverse @ residual - (one @ inverse @ residual) ** 2 / (one @ inverse @ one)
    torch.testing.assert_close(after.covariance, within * ((4 + surprise) / 5).clamp(min=1))


def test_the_scale_follows_what_is_measured_but_not_a_level_that_all_share() -> None:
    k = 6
    belief = Belief(torch.full((k,), 0.5).double(), 0.01 * torch.eye(k).double() + 1.0, torch.zeros(k).double())
    as_expected = _given(belief, (0, 0.2), (1, 0.2 + 0.02**0.5))
    assert as_expected.covariance[2, 2] == pytest.approx(0.01 * (1 + 1 / 2), rel=0.01)  # its own, and the mean of two
    off = _given(belief, (0, 0.2), (1, 0.8))
    assert off.covariance[2, 2] / as_expected.covariance[2, 2] == pytest.approx((4 + 18) / 5, rel=0.01)
    level = _given(belief, (0, 0.9), (1, 0.9))
    assert level.covariance[2, 2] == pytest.approx(as_expected.covariance[2, 2])


def test_models_that_are_as_expected_do_not_make_the_others_surer() -> None:
    unit = torch.eye(5, dtype=torch.float64)
    belief = Belief(torch.full((5,), 0.5).double(), 0.01 * unit + 1.0, torch.zeros(5).double())
    after = _given(belief, *((place, 0.5) for place in range(4)))
    assert after.covariance[4, 4] == pytest.approx(0.01 * (1 + 1 / 4), rel=0.01)


def test_what_was_learned_of_the_scale_is_kept_for_the_next_measurements() -> None:
    unit = torch.eye(4, dtype=torch.float64)
    belief = Belief(torch.full((4,), 0.5).double(), 0.01 * unit + 1e-3, torch.full((4,), 1e-9).double())
    once = _given(belief, (0, 0.9), (1, 0.3), (2, 0.5))
    assert once.weight == belief.weight + 2
    assert _given(once, (3, 0.4)).weight == once.weight


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
    harder = _given(belief, (0, 0.2))  # 30 points below what was expected, for all alike
    assert float(harder.mean[1] - harder.mean[0]) == pytest.approx(0.1, abs=0.01)


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
