"""Ridge regression with its exact leave-one-out errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
    r"""Fit a weighted ridge regression and choose its penalty by leave-one-out error.

    .. math:: e_i^{-i} = (y_i - \hat y_i) / (1 - h_i), \quad h_i = w_i \Big(\frac{1}{\sum_j w_j}
        + \tilde x_i^\top (\tilde X^\top W \tilde X + \lambda I)^{-1} \tilde x_i\Big)

    where :math:`\tilde x` is centred by weighted means (Allen, 1974, "The Relationship between Variable
    Selection and Data Augmentation and a Method for Prediction"). A row whose leverage is 1 has no
    leave-one-out error; its deviation from the weighted mean stands in.

    Args:
        rows: (n, F) float64.
        target: (n,) float64.
        weight: (n,) float64, > 0; scaled to mean 1, so that penalties mean the same for any weights.
        penalties: candidates, > 0.
    """
    weight = weight / weight.mean()
    share = weight / weight.sum()
    centre, mean = share @ rows, share @ target
    x, y = rows - centre, target - mean
    root = weight.sqrt()
    u, s, vh = torch.linalg.svd(x * root.unsqueeze(1), full_matrices=False)
    projected = u.t() @ (y * root)
    best: RidgeFit | None = None
    least = torch.tensor(float("inf"), dtype=torch.float64)
    for penalty in penalties:
        shrink = s.square() / (s.square() + penalty)
        residuals = y - (u @ (shrink * projected)) / root
        leverage = (u.square() @ shrink) + share
        errors = torch.where(leverage < 1 - 1e-9, residuals / (1 - leverage).clamp(min=1e-9), y)
        loss = (weight * errors.square()).sum()
        if best is None or loss < least:
            coefficients = vh.t() @ (s / (s.square() + penalty) * projected)
            best, least = RidgeFit(coefficients, mean - centre @ coefficients, errors, penalty), loss
    assert best is not None
    return best
