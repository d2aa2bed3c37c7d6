"""LogME against published values, against the density that it maximises, and in its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
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


def _published(features: np.ndarray, labels: np.ndarray) -> float:
    """Return what the authors' later code does (thuml/LogME, LogME.py), in its order.

    For N > D it keeps the singular values above 1e-10 of the root of F' F, which rounding lets all directions pass but
    those of features that are zero throughout.
    """
    num_samples, num_features = features.shape
    left, spread, _ = np.linalg.svd(features, full_matrices=False)
    if num_samples > num_features:
        rank = int(features.any(axis=0).sum())
        left, spread = left[:, :rank], spread[:rank]
    values, evidences = spread**2, []
    for label in np.unique(labels):
        target = (labels == label).astype(float)
        energies = (left.T @ target) ** 2
        outside = target.sum() - energies.sum()
        alpha = beta = 1.0
        for _ in range(11):
            ratio = alpha / beta
            gamma = (values / (values + ratio)).sum()
            weights = (values * energies / (ratio + values) ** 2).sum()
            residual = (energies / (1 + values / ratio) ** 2).sum() + outside
            alpha, beta = gamma / (weights + 1e-5), (num_samples - gamma) / (residual + 1e-5)
            evidence = num_features / 2 * np.log(alpha) + num_samples / 2 * np.log(beta / (2 * np.pi))
            evidence -= (np.log(alpha + beta * values).sum() + beta * residual + alpha * weights) / 2
            if abs(alpha / beta - ratio) / ratio <= 1e-3:
                break
        evidences.append(evidence / num_samples)
    return float(np.mean(evidences))


DEGENERATE = {
    "full rank": lambda x: x,
    "duplicate columns": lambda x: torch.cat([x, x[:, :3]], dim=1),
    "constant columns": lambda x: torch.cat([x, torch.ones(len(x), 2)], dim=1),
    "zero columns": lambda x: torch.cat([x, torch.zeros(len(x), 2)], dim=1),
    "fewer samples than columns": lambda x: torch.cat([x, x[:, :3], x.square()], dim=1)[:15],
    "as many samples as columns": lambda x: torch.cat([x, x[:, :4]], dim=1)[:12],
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_fixed_point_is_the_authors_code_whatever_the_rank(name: str) -> None:
    generator = torch.Generator().manual_seed(5)
    rows = torch.randn(60, 8, generator=generator, dtype=torch.float64)
    features = DEGENERATE[name](rows)
    labels = (torch.arange(len(features)) % 3) * (features[:, 0] > -1)
    expected = _published(features.numpy(), labels.numpy())
    assert logme(features, labels, variant="fixed_point") == pytest.approx(expected, rel=1e-9)


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


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e3])
@pytest.mark.parametrize("dead", [False, True], ids=["alive", "some dead"])
def test_classes_by_principal_axes_are_the_targets_of_a_regression(offset: float, dead: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 4
    features = torch.randn(60, 9, generator=generator, dtype=torch.float64) + labels[:, None] * 0.3 + offset
    if dead:
        features[:, 2], features[:, 5], features[:, 7] = 0.0, 4.0, features[:, 6]
    targets = torch.nn.functional.one_hot(labels).double()
    assert logme(features, labels) == pytest.approx(logme_regression(features, targets), rel=1e-8)
