"""Statements of a joint prediction, by hand, and kept ones."""

from __future__ import annotations

import pytest
import torch

from zoograph.training.predictors.joint import JointPrediction, draw_normal
from zoograph.training.studies.reliability.stated import weigh


def make_joint(mean: list[float], deviation: float, noise: float) -> JointPrediction:
    centre = torch.tensor(mean, dtype=torch.float64)
    draws = draw_normal(centre, deviation**2 * torch.eye(len(mean), dtype=torch.float64))
    return JointPrediction(
        centre, centre, centre, draws, torch.full_like(centre, noise**2), torch.ones(1, dtype=torch.bool)
    )


def test_regret_and_chances_of_two_models() -> None:
    """The gap of two independent Gaussians is Gaussian: E max(0, -gap) and P(gap > 0) have closed forms."""
    normal = torch.distributions.Normal(torch.tensor(0.0, dtype=torch.float64), 1.0)
    regret, best, noisy_regret, noisy_best = weigh(make_joint([0.7, 0.68], 0.03, 0.04))
    for spread, stated, chance in ((0.03, regret, best), (0.05, noisy_regret, noisy_best)):
        sigma = 2**0.5 * spread
        z = torch.tensor(0.02 / sigma, dtype=torch.float64)
        expected = sigma * normal.log_prob(z).exp() - 0.02 * normal.cdf(-z)
        assert float(stated[0]) == pytest.approx(float(expected), rel=0.08)
        assert float(chance[0]) == pytest.approx(float(normal.cdf(z)), abs=0.02)
        assert float(stated[1] - stated[0]) == pytest.approx(0.02, abs=1e-9)


def test_without_noise_both_are_the_same() -> None:
    regret, best, noisy_regret, noisy_best = weigh(make_joint([0.5, 0.6, 0.7], 0.02, 0.0))
    assert torch.allclose(regret, noisy_regret, atol=1e-6)
    assert torch.allclose(best, noisy_best, atol=1e-3)
