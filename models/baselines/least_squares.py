"""Ridge regression with its exact leave-one-out errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class RidgeFit(NamedTuple):
    """A fitted ridge regression.

    Attributes:
        weight: (F,) float64.
        bias: scalar float64; it is not penalised.
        errors: (n,) leave-one-out errors, target minus prediction.
        penalty: the one with the least leave-one-out error.
    """

    weight: Tensor
    bias: Tensor
    errors: Tensor
    penalty: float


def fit_ridge(rows: Tensor, target: Tensor, weight: Tensor, penalties: Sequence[float]) -> RidgeFit:
    """Fit a weighted ridge regression and choose its penalty by leave-one-out error (scikit-learn's ``RidgeCV``).

    Args:
        rows: (n, F) float64.
        target: (n,) float64.
        weight: (n,) float64, > 0; scaled to mean 1, so that penalties mean the same for any weights.
        penalties: candidates, > 0.

    Returns:
        The fit; the error of a single row, without which nothing is left, is 0.
    """
    from sklearn.linear_model import RidgeCV  # a second to import, and answering seldom needs it

    shares = (weight / weight.mean()).numpy()

    def score(_: Any, predicted: np.ndarray, truth: np.ndarray, **__: Any) -> float:
        return -float(shares @ np.square(truth - predicted))

    varies = (rows != rows[:1]).any(0)  # any other column has weight 0, and costs as much as one that matters
    ridge = RidgeCV(penalties, scoring=score, store_cv_results=True)
    with np.errstate(invalid="ignore"):  # leaving out the only row is 0 / 0
        ridge.fit(
            rows[:, varies].numpy() if varies.any() else rows[:, :1].numpy(), target.numpy(), sample_weight=shares
        )
    predicted = torch.from_numpy(ridge.cv_results_[:, list(penalties).index(ridge.alpha_)])
    errors = torch.where(predicted.isfinite(), target - predicted, 0.0)
    bias = torch.tensor(float(ridge.intercept_), dtype=torch.float64)
    weights = torch.zeros(rows.shape[1], dtype=torch.float64)
    weights[varies] = torch.from_numpy(ridge.coef_)[: int(varies.sum())]
    return RidgeFit(weights, bias, errors, float(ridge.alpha_))
