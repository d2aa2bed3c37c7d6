"""GBC against published values, against the Bhattacharyya distance of dense matrices, and where it underflows."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from zoograph.graphs.scores.gbc import VARIANCE_FLOOR, Covariance, gbc

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("covariance", "variant"), [("scalar", "transfergraph_spherical"), ("diagonal", "transfergraph_diagonal")]
)
def test_published_values_are_met(name: str, covariance: Covariance, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("GBC", variant, name)
    value = gbc(arrays["X"], arrays["y"], covariance=covariance)
    assert value == pytest.approx(published.value, rel=published.rel)


def _matrix(rows: Tensor, covariance: Covariance) -> Tensor:
    """Return the class covariance that a variant stands for, as a matrix."""
    size = rows.shape[1]
    if covariance == "full":
        return torch.cov(rows.T, correction=0)
    variances = rows.var(dim=0, correction=0).clamp_min(VARIANCE_FLOOR)
    return torch.diag(variances) if covariance == "diagonal" else variances.mean() * torch.eye(size).double()


def _naive(features: Tensor, labels: Tensor, covariance: Covariance) -> float:
    classes = [features[labels == c] for c in labels.unique()]
    total = 0.0
    for i, one in enumerate(classes):
        for j, other in enumerate(classes):
            if i == j:
                continue
            a, b = _matrix(one, covariance), _matrix(other, covariance)
            shift = one.mean(dim=0) - other.mean(dim=0)
            middle = (a + b) / 2
            distance = shift @ torch.linalg.solve(middle, shift) / 8
            distance += torch.log(middle.det() / (a.det() * b.det()).sqrt()) / 2
            total += math.exp(-distance)
    return -total


@pytest.mark.parametrize("covariance", ["spherical", "diagonal", "full"])
def test_it_is_the_distance_of_gaussians_of_the_paper(covariance: Covariance) -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(60) % 3
    features = torch.randn(60, 4, generator=generator, dtype=torch.float64) * (1.0 + labels[:, None])
    features[:, 0] += labels
    value = gbc(features, labels, covariance=covariance)
    assert value == pytest.approx(_naive(features, labels, covariance), rel=1e-10)
    assert gbc(features, labels, covariance=covariance, log=True) == pytest.approx(-math.log(-value), rel=1e-10)


@pytest.mark.parametrize("covariance", ["spherical", "full"])
def test_all_principal_components_are_the_features(covariance: Covariance, case: Any) -> None:
    arrays = case("c1_small")
    whole = gbc(arrays["X"], arrays["y"], covariance=covariance)
    assert gbc(arrays["X"], arrays["y"], covariance=covariance, num_components=16) == pytest.approx(whole, rel=1e-9)
    assert gbc(arrays["X"], arrays["y"], covariance=covariance, num_components=2) != pytest.approx(whole, rel=1e-2)


def test_two_equal_classes_overlap_entirely() -> None:
    features = torch.tensor([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [2.0, 3.0]])
    for covariance in get_args(Covariance):
        assert gbc(features, torch.tensor([0, 0, 1, 1]), covariance=covariance) == pytest.approx(-2.0)


def test_classes_too_far_apart_for_float64_are_still_ranked_in_the_log_domain() -> None:
    labels = torch.arange(40) % 2
    features = torch.randn(40, 2048, generator=torch.Generator().manual_seed(2))
    near, far = features + 5 * labels[:, None], features + 6 * labels[:, None]
    assert gbc(near, labels) == gbc(far, labels) == 0.0
    assert 1000 < gbc(near, labels, log=True) < gbc(far, labels, log=True) < math.inf


def test_a_class_of_one_sample_has_the_least_variance() -> None:
    features = torch.tensor([[0.0], [0.02], [0.01]], dtype=torch.float64)
    for covariance in get_args(Covariance):
        value = gbc(features, torch.tensor([0, 0, 1]), covariance=covariance)
        assert value == pytest.approx(-2.0, rel=1e-12)  # both have the floor's variance and the same mean


def test_options_are_checked() -> None:
    features, labels = torch.randn(6, 3), torch.arange(6) % 2
    with pytest.raises(
        ValueError, match=r"covariance must be one of spherical, scalar, diagonal, full \(got 'round'\)"
    ):
        gbc(features, labels, covariance="round")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"num_components must be in 1 ... 3 \(got 4\)"):
        gbc(features, labels, num_components=4)
