"""The knowledge gradient against its closed form for two models, and against simulation for many."""

from __future__ import annotations

import math

import pytest
import torch

from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.knowledge_gradient import best_rate, values_of_measuring


def _belief(mean: list[float], covariance: torch.Tensor, noise: float) -> Belief:
    return Belief(torch.tensor(mean).double(), covariance.double(), torch.full((len(mean),), noise).double())


def test_two_independent_models_have_a_closed_form() -> None:
    belief = _belief([0.7, 0.6], torch.diag(torch.tensor([0.01, 0.04])), 0.01)
    for model, variance in ((0, 0.01), (1, 0.04)):
        reach = variance / math.sqrt(variance + 0.01)
        z = -0.1 / reach
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        expected = reach * (z * 0.5 * math.erfc(-z / math.sqrt(2)) + density)  # Frazier et al. 2009, eq. 12
        assert float(values_of_measuring(belief)[model]) == pytest.approx(expected, abs=4e-4)


def test_correlated_models_are_as_simulated() -> None:
    generator = torch.Generator().manual_seed(1)
    root = 0.1 * torch.randn(6, 6, generator=generator, dtype=torch.float64)
    belief = _belief([0.5, 0.52, 0.55, 0.4, 0.53, 0.5], root @ root.t(), 0.004)
    z = torch.randn(200_000, 1, generator=generator, dtype=torch.float64)
    for model, value in enumerate(values_of_measuring(belief).tolist()):
        reach = belief.covariance[model] / (belief.covariance[model, model] + 0.004).sqrt()
        gain = (belief.mean + z * reach).max(1).values.mean() - belief.mean.max()
        assert value == pytest.approx(float(gain), abs=6e-4)


def test_what_all_share_is_worth_nothing_and_noise_makes_a_measurement_worth_less() -> None:
    shared = _belief([0.6, 0.5], torch.full((2, 2), 0.04), 0.001)
    assert values_of_measuring(shared).tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    own = _belief([0.6, 0.5], torch.diag(torch.tensor([0.04, 0.04])), 0.001)
    assert bool((values_of_measuring(own, torch.full((2,), 0.1)) < 0.7 * values_of_measuring(own)).all())


def test_the_best_is_worth_most_per_second_and_open() -> None:
    belief = _belief([0.6, 0.5, 0.4], torch.eye(3), 0.1)
    values, all_open = torch.tensor([0.02, 0.03, 0.0]), torch.ones(3, dtype=torch.bool)
    assert best_rate(belief, values, torch.tensor([1.0, 1.0, 1.0]), all_open) == 1
    assert best_rate(belief, values, torch.tensor([1.0, 2.0, 1.0]), all_open) == 0
    assert best_rate(belief, values, torch.ones(3), torch.tensor([False, False, True])) == 2
    assert best_rate(belief, torch.zeros(3), torch.ones(3), torch.tensor([False, True, True])) == 1  # the likelier best
    assert best_rate(belief, values, torch.ones(3), ~all_open) is None
