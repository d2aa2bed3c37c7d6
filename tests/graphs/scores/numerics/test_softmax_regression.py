"""The softmax regression reaches the minimum that scikit-learn reaches, and its limits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from zoograph.graphs.scores.numerics import softmax_regression
from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.numerics.softmax_regression import fit_softmax
from zoograph.graphs.scores.undefined import UndefinedScore


def _along_axes(features: Tensor) -> tuple[Tensor, Tensor]:
    moments = Moments(features)
    return moments.coordinates, moments.principal.values


@pytest.mark.parametrize("name", ["c1_small", "c4_singleton", "c6_many"])
@pytest.mark.parametrize("ridge", [0.1, 1.0, 100.0])
def test_minimum_is_that_of_scikit_learn(name: str, ridge: float, case: Any) -> None:
    arrays = case(name)
    rows, spread = _along_axes(arrays["X"])
    fit = fit_softmax(rows, arrays["y"], spread, ridge)
    expected = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=20_000).fit(rows.numpy(), arrays["y"].numpy())
    probabilities = torch.from_numpy(expected.predict_proba(rows.numpy()))
    torch.testing.assert_close(fit.probabilities, probabilities, rtol=0, atol=2e-5)
    loss = -probabilities.gather(1, arrays["y"][:, None]).log().sum() + ridge / 2 * (expected.coef_**2).sum()
    assert fit.objective == pytest.approx(float(loss), rel=1e-8)


def test_without_features_the_bias_has_the_class_frequencies() -> None:
    fit = fit_softmax(torch.zeros(4, 2).double(), torch.tensor([0, 1, 1, 1]), torch.zeros(2).double(), 1.0)
    torch.testing.assert_close(fit.probabilities[0], torch.tensor([0.25, 0.75]).double())


def test_a_minimum_that_is_not_reached_is_undefined(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, spread = _along_axes(case("c1_small")["X"])
    monkeypatch.setattr(softmax_regression, "_MAX_STEPS", 2)
    with pytest.raises(UndefinedScore, match="does not converge"):
        fit_softmax(rows, case("c1_small")["y"], spread, 1.0)
