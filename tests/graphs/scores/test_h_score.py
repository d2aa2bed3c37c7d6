"""H-score against published values and the trace that defines it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from zoograph.graphs.scores.h_score import h_score
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
