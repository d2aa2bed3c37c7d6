"""The linear probe against scikit-learn's own cross-validation, and its folds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from zoograph.graphs.scores.logistic import _deal, logistic
from zoograph.graphs.scores.undefined import UndefinedScore


def _make() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 3
    features = torch.randn(120, 5, generator=generator, dtype=torch.float64)
    features[:, 0] += labels
    features[:, 1] *= 100
    return features, labels


@pytest.mark.parametrize("strength", [1.0, 300.0])
def test_it_is_cross_validation_of_scikit_learn(strength: float) -> None:
    features, labels = _make()
    order = np.lexsort(features.numpy().T[::-1])
    rows, targets = features.numpy()[order], labels.numpy()[order]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / strength))
    predicted = cross_val_predict(model, rows, targets, cv=PredefinedSplit(_deal(torch.from_numpy(targets), 4).numpy()))
    expected = float((predicted == targets).mean())
    assert 0.4 < expected < 0.9
    assert logistic(features, labels, folds=4, strength=strength) == pytest.approx(expected)


def test_folds_hold_the_same_share_of_each_class() -> None:
    targets = torch.tensor([2, 0, 0, 2, 1, 0, 0, 2, 0])
    assert _deal(targets, 3).tolist() == [0, 0, 1, 1, 0, 2, 0, 2, 1]


def test_no_sample_is_predicted_from_itself() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(60, 200, generator=generator)  # any labels of these are separable
    assert logistic(features, torch.arange(60) % 2) < 0.75


def test_a_training_part_needs_two_classes() -> None:
    features = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(UndefinedScore, match="fewer than two classes have two samples"):
        logistic(features, torch.tensor([0, 0, 0, 1]))
    assert 0 <= logistic(features, torch.tensor([0, 0, 1, 1])) <= 1


def test_options_are_checked() -> None:
    features, labels = _make()
    with pytest.raises(ValueError, match=r"folds must be at least 2 \(got 1\)"):
        logistic(features, labels, folds=1)
    with pytest.raises(ValueError, match=r"strength must be positive \(got 0\)"):
        logistic(features, labels, strength=0)
