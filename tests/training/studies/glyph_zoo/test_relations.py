from __future__ import annotations

import numpy as np
import pytest

from zoograph.training.studies.glyph_zoo.relations import class_mean_transport, relate_datasets


def test_the_cost_is_the_shortest_way_of_the_mass() -> None:
    """Two classes at 0 and 10; three quarters must be at 1 and one quarter at 10: a quarter moves 9 more."""
    means, weights = np.array([[0.0], [10.0]]), np.array([0.5, 0.5])
    other, shares = np.array([[1.0], [10.0]]), np.array([0.75, 0.25])
    assert class_mean_transport(means, weights, other, shares) == pytest.approx(0.5 * 1 + 0.25 * 9)


def test_the_cost_is_symmetric_and_nothing_to_itself_in_any_order() -> None:
    rng = np.random.default_rng(0)
    means, other = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    weights, shares = np.full(5, 0.2), np.full(4, 0.25)
    there = class_mean_transport(means, weights, other, shares)
    assert class_mean_transport(other, shares, means, weights) == pytest.approx(there)
    assert there > 0.1
    assert class_mean_transport(means, weights, means[::-1].copy(), weights) == pytest.approx(0.0, abs=1e-12)


def test_all_pairs_are_compared_on_a_common_scale() -> None:
    """Scaling and moving every feature changes nothing, and a feature that never varies has no say."""
    rng = np.random.default_rng(1)
    features = {name: rng.normal(size=(12, 4)) for name in "cab"}
    labels = {name: np.arange(12) % 3 for name in "cab"}
    related = relate_datasets(features, labels)
    assert [(one, other) for one, other, _ in related] == [("a", "b"), ("a", "c"), ("b", "c")]
    moved = {name: np.c_[array * [1.0, 10.0, 0.1, 3.0] + 7.0, np.ones(12)] for name, array in features.items()}
    again = relate_datasets(moved, labels)
    assert [value for *_, value in again] == pytest.approx([value for *_, value in related])


def test_a_class_weighs_what_its_images_weigh() -> None:
    """One class of b sits where a's class 0 does; the cost to it is a's share of class 1 times the distance."""
    features = {"a": np.array([[0.0], [0.0], [0.0], [1.0]]), "b": np.array([[0.0], [0.0]])}
    labels = {"a": np.array([0, 0, 0, 1]), "b": np.array([5, 5])}
    ((_, _, value),) = relate_datasets(features, labels)
    assert value == pytest.approx(0.25 / np.std([0.0, 1.0, 0.0]))
