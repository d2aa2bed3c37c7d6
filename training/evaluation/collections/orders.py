"""Pairwise orders: which of two models is better, where at least one of them was left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoograph.training.evaluation.metrics import Array


class Orders(NamedTuple):
    """Pairs of models on one dataset.

    Attributes:
        right: pairs in the right order; a pair that is predicted alike counts a half.
        compared: pairs whose measured values differ.
    """

    right: float
    compared: int

    @property
    def share(self) -> float | None:
        """Share of the orders that are right; None if there are none."""
        return self.right / self.compared if self.compared else None

    def plus(self, other: Orders) -> Orders:
        """Return both together."""
        return Orders(self.right + other.right, self.compared + other.compared)


def count_orders(predicted: Array, measured: Array, known: Array) -> Orders:
    """Compare each left-out model with every other one.

    A left-out model stands where it was predicted, one that was not left out where it was measured.

    Args:
        predicted: (n,) of the left-out models.
        measured: (n,) of the same.
        known: (k,) measured values of the others.

    >>> count_orders(np.array([0.6, 0.7]), np.array([0.8, 0.7]), np.array([0.65])).right
    1.0
    """
    said = np.concatenate([predicted, known])
    true = np.concatenate([measured, known])
    rows = np.arange(len(predicted))
    upper = rows[:, None] < np.arange(len(said))[None, :]
    said_order = np.sign(predicted[:, None] - said[None, :])[upper]
    true_order = np.sign(measured[:, None] - true[None, :])[upper]
    differ = true_order != 0
    right = (said_order == true_order) + 0.5 * (said_order == 0)
    return Orders(float(right[differ].sum()), int(differ.sum()))
