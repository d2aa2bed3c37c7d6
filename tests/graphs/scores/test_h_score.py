"""H-score against published values and the trace that defines it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import Tensor

from zoograph.graphs.scores.h_score import h_score, h_score_regression
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("name", ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"])
@pytest.mark.parametrize("variant", ["tllib", "transfergraph", "parc_published", "spider"])
def test_published_values(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("HScore", variant, name)
    assert h_score(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


def _naive(features: np.ndarray, labels: np.ndarray) -> float:
    means = np.stack([features[labels == label].mean(axis=0) for label in labels])
    return float(np.trace(np.linalg.pinv(np.cov(features.T), rcond=1e-12) @ np.cov(means.T)))


@pytest.mark.parametrize("shape", [(30, 5), (6, 9)])
@pytest.mark.parametrize("fault", ["none", "constant feature", "feature twice", "sum of features", "sample twice"])
def test_pseudo_inverse_where_the_covariance_is_singular(shape: tuple[int, int], fault: str) -> None:
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.arange(shape[0]) % 3
    if fault == "constant feature":
        features[:, 1] = 0.1
    elif fault == "feature twice":
        features[:, 1] = -3 * features[:, 2]
    elif fault == "sum of features":
        features[:, 1] = features[:, 2:].sum(dim=1)
    elif fault == "sample twice":
        features[3] = features[1]
    assert h_score(features, labels) == pytest.approx(_naive(features.numpy(), labels.numpy()), rel=1e-6)


def test_linear_maps_change_nothing(case: Any) -> None:
    arrays = case("c4_singleton")
    scales = torch.logspace(-3, 3, 32, dtype=torch.float64)
    mixed = (arrays["X"] * scales) @ torch.linalg.qr(torch.randn(32, 32).double()).Q + 7
    assert h_score(mixed, arrays["y"]) == pytest.approx(h_score(arrays["X"], arrays["y"]), rel=1e-6)


def test_limits() -> None:
    labels = torch.arange(12) % 3
    assert h_score(torch.nn.functional.one_hot(labels).double(), labels) == pytest.approx(2)
    assert h_score(torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]), torch.tensor([0, 0, 1, 1])) == 0
    with pytest.raises(UndefinedScore, match="all samples have the same features"):
        h_score(torch.full((4, 3), 0.1), torch.tensor([0, 0, 1, 1]))


# -- real targets -------------------------------------------------------------------------------------


def _real(num_samples: int = 40, num_features: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    features = torch.randn(num_samples, num_features, generator=generator, dtype=torch.float64)
    noise = torch.randn(num_samples, 2, generator=generator, dtype=torch.float64)
    return features, features[:, :2] @ torch.tensor([[2.0, 1.0], [0.5, -3.0]]).double() + noise + 100


def test_of_one_real_target_it_is_r_squared_of_least_squares() -> None:
    features, targets = _real()
    fitted = LinearRegression().fit(features, targets[:, 0]).score(features, targets[:, 0])
    assert h_score_regression(features, targets[:, :1]) == pytest.approx(fitted, abs=1e-10)
    assert h_score_regression(features @ torch.randn(6, 6).double() - 5, 3 - 7 * targets[:, :1]) == pytest.approx(
        fitted, abs=1e-8
    )


def test_of_several_it_is_the_sum_of_squared_canonical_correlations() -> None:
    features, targets = _real()
    both = torch.cat([features, targets], 1).T.corrcoef()
    within = torch.linalg.solve(both[:6, :6], both[:6, 6:]).T @ both[:6, 6:]
    expected = torch.linalg.solve(both[6:, 6:], within).trace()
    assert h_score_regression(features, targets) == pytest.approx(float(expected), abs=1e-10)


@pytest.mark.parametrize("num_samples", [40, 12])
def test_of_the_numbers_of_two_classes_it_is_that_of_the_classes(num_samples: int) -> None:
    features = _real(num_samples, 4)[0] @ _real(4, 20)[0]  # fewer samples than features, and yet no exact fit
    labels = (features[:, 0] > 0.4).long()
    assert h_score_regression(features, labels.double()[:, None]) == pytest.approx(h_score(features, labels), abs=1e-9)


def test_real_targets_that_say_nothing_are_undefined() -> None:
    features, targets = _real()
    with pytest.raises(UndefinedScore, match="the same for all samples, or follows"):
        h_score_regression(features, torch.full((40, 1), 0.3))
    with pytest.raises(UndefinedScore, match="the same for all samples, or follows"):
        h_score_regression(features, torch.cat([targets, targets.sum(1, keepdim=True)], 1))
    with pytest.raises(UndefinedScore, match="explain whatever targets"):
        h_score_regression(*_real(6, 8))
    with pytest.raises(UndefinedScore, match="same features"):
        h_score_regression(torch.ones(40, 2), targets)
