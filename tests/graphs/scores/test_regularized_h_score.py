"""The regularised H-score against published values and scikit-learn's covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf

from zoograph.graphs.scores.regularized_h_score import regularized_h_score, regularized_h_score_regression
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("name", ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"])
@pytest.mark.parametrize("variant", ["tllib", "transfergraph"])
def test_published_values(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("HScoreReg", variant, name)
    assert regularized_h_score(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("shape", [(40, 6), (7, 20)])
@pytest.mark.parametrize("constant", [False, True])
def test_covariance_is_that_of_scikit_learn(shape: tuple[int, int], constant: bool) -> None:
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.arange(shape[0]) % 3
    features[:, 2] *= 5
    if constant:
        features[:, 1] = 0.1
    fitted = LedoitWolf().fit(features.numpy())
    assert 0 < fitted.shrinkage_ < 1
    means = np.stack([features[labels == label].mean(dim=0).numpy() for label in labels])
    expected = np.trace(np.linalg.inv(fitted.covariance_) @ np.cov(means.T)) * (1 - fitted.shrinkage_)
    assert regularized_h_score(features, labels) == pytest.approx(expected, rel=1e-9)


def test_limits() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    with pytest.raises(UndefinedScore, match="all samples have the same features"):
        regularized_h_score(torch.full((4, 3), 0.1), labels)
    with pytest.raises(UndefinedScore, match="spread alike in every direction"):
        regularized_h_score(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), labels)
    outlier = torch.zeros(40, 3)
    outlier[0] = 1.0
    assert LedoitWolf().fit(outlier.numpy()).shrinkage_ == 1
    assert regularized_h_score(outlier, torch.arange(40) % 2) == 0


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)])
def test_of_real_targets_it_is_a_ridge_with_the_shrinkage_of_ledoit_and_wolf(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(4)
    features = torch.randn(*shape, generator=generator, dtype=torch.float64)
    target = features[:, :1] + torch.randn(shape[0], 1, generator=generator, dtype=torch.float64) + 10
    estimated = LedoitWolf().fit(features.numpy())
    centred, unit = features - features.mean(0), target - target.mean()
    crossed = (centred.T @ unit / unit.norm()).numpy()
    expected = (1 - estimated.shrinkage_) * crossed.T @ np.linalg.solve(estimated.covariance_, crossed) / (shape[0] - 1)
    assert regularized_h_score_regression(features, target) == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)])
def test_of_the_numbers_of_two_classes_it_is_that_of_the_classes(shape: tuple[int, int]) -> None:
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    labels = (features[:, 0] > 0.2).long()
    assert regularized_h_score_regression(features, labels.double()[:, None]) == pytest.approx(
        regularized_h_score(features, labels), rel=1e-9
    )
