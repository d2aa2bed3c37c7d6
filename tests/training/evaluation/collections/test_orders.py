"""Shares of orders, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.training.evaluation.collections.orders import Orders, compare_orders, count_orders


def test_left_out_models_are_placed_among_those_that_were_measured():
    # Left out: A, said .6 and measured .8; B, said .7 and measured .5. Known: C .65 and D .9.
    orders = count_orders(np.array([0.6, 0.7]), np.array([0.8, 0.5]), np.array([0.65, 0.9]))
    # A against B wrong, A against C wrong, A below D right, B against C wrong, B below D right.
    assert orders == Orders(2.0, 5)
    assert orders.share == pytest.approx(0.4)


def test_a_tie_that_is_said_counts_a_half_and_one_that_was_measured_not_at_all():
    orders = compare_orders(np.array([0.5, 0.5, 0.1]), np.array([0.3, 0.2, 0.2]), np.array([]))
    assert orders.compared.tolist() == [[0, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert orders.right.tolist() == [[0, 0.5, 1], [0, 0, 0], [0, 0, 0]]


def test_nothing_to_compare_has_no_share():
    assert count_orders(np.array([0.5]), np.array([0.5]), np.array([])).share is None
    assert Orders(1.0, 2).plus(Orders(0.5, 2)).share == pytest.approx(0.375)
