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


class PairedOrders(NamedTuple):
    """Left-out models, in rows, against all models, in columns: the left-out ones, then the others.

    Attributes:
        right: (n, n + k) 1 where the order is right, 0.5 where the two are predicted alike.
        compared: (n, n + k) 1 where measured values differ; each pair is compared once.
    """

    right: Array
    compared: Array


def compare_orders(predicted: Array, measured: Array, known: Array) -> PairedOrders:
    """Compare each left-out model with every other one.

    A left-out model stands where it was predicted, one that was not left out where it was measured.

    Args:
        predicted: (n,) of the left-out models.
        measured: (n,) of the same.
        known: (k,) measured values of the others.
    """
    said, true = (np.concatenate([part, known]) for part in (predicted, measured))
    once = np.arange(len(predicted))[:, None] < np.arange(len(said))[None, :]
    said_order = np.sign(predicted[:, None] - said[None, :])
    true_order = np.sign(measured[:, None] - true[None, :])
    compared = (once & (true_order != 0)).astype(np.float64)
    return PairedOrders(((said_order == true_order) + 0.5 * (said_order == 0)) * compared, compared)


def count_orders(predicted: Array, measured: Array, known: Array) -> Orders:
    """Count what :func:`compare_orders` compares.

    >>> count_orders(np.array([0.6, 0.7]), np.array([0.8, 0.7]), np.array([0.65])).right
    1.0
    """
    orders = compare_orders(predicted, measured, known)
    return Orders(float(orders.right.sum()), int(orders.compared.sum()))
