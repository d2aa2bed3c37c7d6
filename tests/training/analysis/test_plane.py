"""The plane: what is alike lies near each other."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.analysis.plane import Plane, make_planes, project
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current


def test_two_groups_lie_apart() -> None:
    likeness = np.kron(np.eye(2), np.full((3, 3), 0.9)) + 0.1 * np.eye(6)
    points, explained = project(likeness)
    assert abs(points).max() == pytest.approx(1)
    first = points[:, 0]
    assert np.ptp(first[:3]) < 1e-6 < abs(first[0] - first[3])
    # Of the centred spread 6 - 3 * 0.9 - 0.3 = 3 ... the axis between the groups holds 2.8 of 3.2, and another 0.1.
    assert explained == pytest.approx((2.8 + 0.1) / 3.2)


@pytest.mark.parametrize("likeness", [np.ones((5, 5)), np.eye(2), np.zeros((0, 0))])
def test_what_has_no_direction_lies_in_the_middle(likeness: np.ndarray) -> None:
    points, explained = project(likeness)
    assert (points.shape, abs(points).sum(), explained) == ((len(likeness), 2), 0, 0)


def test_the_nearest_come_first_and_never_the_node_itself() -> None:
    likeness = np.array([[1, 0.2, 0.8], [0.2, 1, 0.3], [0.8, 0.3, 1]])
    plane = Plane(("a", "b", "c"), np.zeros((3, 2)), likeness, 0.0)
    assert plane.nearest("a", 5)[:2] == [("c", 0.8), ("b", 0.2)]
    assert plane.nearest("nobody", 5) == []


@pytest.mark.usefixtures("made_zoo")
def test_the_covariances_of_a_predictor_place_its_zoo() -> None:
    artifact = load_current(predictor_root(Protocol.HEAD, None))
    assert artifact is not None
    with RecordStore.open(to_read=True) as store:
        zoo = store.snapshot().part(Metric.TOP1, "image")
    models, datasets = make_planes(artifact, zoo)
    assert (set(models.ids), set(datasets.ids)) == (set(zoo.models), set(zoo.datasets))
    for plane in (models, datasets):
        assert np.allclose(plane.likeness, plane.likeness.T, atol=1e-6)
        assert np.allclose(plane.likeness.diagonal(), 1)
        assert 0 < plane.explained <= 1
