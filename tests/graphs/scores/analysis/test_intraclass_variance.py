"""Variance within classes by hand and against analysis of variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from zoograph.graphs.scores.analysis.intraclass_variance import intraclass_variance
from zoograph.graphs.scores.undefined import UndefinedScore


def test_by_hand() -> None:
    features = torch.tensor([[0.0, 1.0], [2.0, 1.0], [4.0, 0.0], [6.0, 0.0]])
    # First feature: 4 squares within over 4 - 2, 20 over 4 - 1 altogether; the second one's classes are points.
    assert intraclass_variance(features, torch.tensor([9, 9, 4, 4])) == pytest.approx((2 / (20 / 3) + 0) / 2)


def test_against_a_naive_loop() -> None:
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(40, 5)), random.integers(0, 4, 40)
    scaled = (features - features.mean(0)) / features.std(0, ddof=1)
    within = sum(((scaled[labels == k] - scaled[labels == k].mean(0)) ** 2).sum(0) for k in range(4)) / 36
    found = intraclass_variance(torch.from_numpy(features), torch.from_numpy(labels))
    assert found == pytest.approx(within.mean(), rel=1e-12)


def test_scale_origin_and_names_do_not_count() -> None:
    features = torch.randn(30, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(30) % 3
    found = intraclass_variance(features, labels)
    assert intraclass_variance(features * torch.tensor([1.0, 5.0, 0.1, 9.0]) - 3, 10 - labels) == pytest.approx(found)
    dead = torch.cat([features, torch.ones(30, 1)], dim=1)
    assert intraclass_variance(dead, labels) == pytest.approx(found)


def test_classes_that_tell_nothing_are_one_whatever_their_number() -> None:
    random = torch.Generator().manual_seed(0)
    for count in (2, 20):
        features = torch.randn(40, 400, generator=random)
        assert intraclass_variance(features, torch.arange(40) % count) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("features", "labels", "reason"),
    [
        (torch.randn(3, 2), torch.arange(3), "no class has two"),
        (torch.ones(4, 2), torch.arange(4) % 2, "no feature varies"),
        (torch.full((4, 2), math.nan), torch.arange(4) % 2, "not finite"),
    ],
)
def test_where_it_is_undefined(features: torch.Tensor, labels: torch.Tensor, reason: str) -> None:
    with pytest.raises(UndefinedScore, match=reason):
        intraclass_variance(features, labels)


def test_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="a label for each row"):
        intraclass_variance(torch.randn(4, 2), torch.arange(3))
