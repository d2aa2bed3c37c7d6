"""LogME against published values, against the density that it maximises, and in its limits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from torch import Tensor

from zoograph.graphs.scores.logme import logme, logme_regression
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("variant", ["thuml_fixed_point", "spider", "sfda", "transfergraph"])
def test_fixed_point_is_the_popular_code(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("LogME", variant, name)
    value = logme(arrays["X"], arrays["y"], variant="fixed_point")
    assert value == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("name", CASES)
def test_fixed_point_of_real_targets(name: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("LogME_regression", "thuml_fixed_point", name)
    value = logme_regression(arrays["X"], arrays["Yreg"], variant="fixed_point")
    assert value == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("name", CASES)
def test_evidence_is_what_the_iteration_of_the_paper_heads_for(name: str, case: Any, reference: Any) -> None:
    arrays = case(name)
    value = logme(arrays["X"], arrays["y"])
    stopped_early = reference("LogME", "tllib_icml_noeps", name).value
    assert stopped_early <= value + 1e-9
    assert value == pytest.approx(stopped_early, rel=2e-3)


def _maximum(features: Tensor, target: Tensor) -> float:
    """Return the maximum over both variances of the log density of one target, the long way."""

    def loss(logs: Any) -> float:
        weight, noise = (float(value) for value in logs)
        covariance = torch.eye(len(target)).double() * 10**noise + features @ features.T * 10**weight
        return -float(multivariate_normal.logpdf(target, cov=covariance, allow_singular=False))

    starts = [(weight, noise) for weight, noise in ((-2.0, -2.0), (0.0, -1.0))]
    return max(-minimize(loss, start, method="Nelder-Mead", tol=1e-12).fun for start in starts)


@pytest.mark.parametrize("shape", [(20, 4), (12, 30)])
def test_evidence_is_the_maximum_of_the_density(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(*shape, generator=generator, dtype=torch.float64)
    labels = torch.arange(shape[0]) % 3
    features[:, 0] += 2 * labels
    expected = sum(_maximum(features, (labels == k).double()) for k in range(3)) / 3 / shape[0]
    assert logme(features, labels) == pytest.approx(expected, rel=1e-6)
    targets = torch.randn(shape[0], 2, generator=generator, dtype=torch.float64) + features[:, :2]
    expected = sum(_maximum(features, column) for column in targets.T) / 2 / shape[0]
    assert logme_regression(features, targets) == pytest.approx(expected, rel=1e-6)


def test_evidence_does_not_depend_on_the_scale_of_features(case: Any) -> None:
    for name in CASES:
        arrays = case(name)
        assert logme(1000 * arrays["X"], arrays["y"]) == pytest.approx(logme(arrays["X"], arrays["y"]), rel=1e-9)


def test_features_without_a_say_leave_the_evidence_of_noise() -> None:
    features, labels = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]), torch.tensor([0, 0, 1, 1])
    expected = -0.5 * (1 + torch.tensor(2 * torch.pi * 0.5).log())
    assert logme(features, labels) == pytest.approx(float(expected))


def test_an_exact_fit_has_no_bound() -> None:
    labels = torch.arange(12) % 3
    with pytest.raises(UndefinedScore, match="fit a class exactly"):
        logme(torch.nn.functional.one_hot(labels).double(), labels)
    assert logme(torch.nn.functional.one_hot(labels).double(), labels, variant="fixed_point") > 1


@pytest.mark.parametrize("variant", ["evidence", "fixed_point"])
@pytest.mark.parametrize("num_features", [2, 9])
def test_zero_features_are_undefined(variant: Any, num_features: int) -> None:
    with pytest.raises(UndefinedScore, match="all features are zero"):
        logme(torch.zeros(6, num_features), torch.arange(6) % 2, variant=variant)


def test_regression_targets_are_checked() -> None:
    features = torch.randn(6, 3)
    for targets in (torch.ones(6), torch.ones(5, 1), torch.ones(6, 0)):
        with pytest.raises(ValueError, match="targets \\(N, K\\)"):
            logme_regression(features, targets)
    with pytest.raises(UndefinedScore, match="a target is zero throughout"):
        logme_regression(features, torch.zeros(6, 1))
    with pytest.raises(UndefinedScore, match="NaN or infinite"):
        logme_regression(features, torch.full((6, 1), torch.nan))
