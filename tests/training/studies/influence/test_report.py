"""The report of influences: order of removals, changes and kinds of classes, on figures that are known."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.training.analysis.influence.counterfactuals import Point, Retrained
from zoograph.training.analysis.influence.estimate import Estimate
from zoograph.training.studies.influence.planted import KINDS, make_planted_case
from zoograph.training.studies.influence.report import (
    PairReport,
    mean_changes,
    report_pair,
    report_planted,
    right_order,
    study_rows,
)


def _estimate(outcome: str, overall: np.ndarray, error: float = 0.01) -> Estimate:
    units = len(overall)
    blank, counts = np.zeros((8, units)), np.full(units, 5)
    return Estimate(outcome, overall, np.full(units, error), blank, blank, counts, counts, 0.5)


def _pair(**means: tuple[float, ...]) -> PairReport:
    curve = [
        Point(way=way, removed=removed, mean=mean, low=mean, high=mean, models=1)
        for way, values in means.items()
        for removed, mean in enumerate(values, start=way != "nothing")
    ]
    given = {"source": "s", "target": "t", "num_models": 9, "source_accuracy": 0.9, "accuracy": 0.5, "spread": 0.1}
    return PairReport(**given, chance=0.1, reliability={}, warning=None, curve=curve)


def test_the_order_of_removals_is_counted_by_pair_and_number() -> None:
    good = _pair(nothing=(0.6,), top=(0.4, 0.3), random=(0.5, 0.5), bottom=(0.6, 0.4))
    bad = _pair(nothing=(0.6,), top=(0.7, 0.3), random=(0.5, 0.5), bottom=(0.6, 0.6))
    assert right_order([good, bad]) == {
        "top below random": 3 / 4,
        "random below bottom": 3 / 4,
        "top below bottom": 3 / 4,
    }
    assert right_order([_pair(nothing=(0.6,))]) == {}


def test_changes_are_means_over_pairs_with_their_standard_errors() -> None:
    pairs = [
        _pair(nothing=(0.5,), top=(0.4, 0.2), random=(0.5, 0.5), bottom=(0.6, 0.6)),
        _pair(nothing=(0.8,), top=(0.6, 0.4), random=(0.8, 0.7), bottom=(0.8, 0.8)),
    ]
    found = {(change.way, change.number): change for change in mean_changes(pairs)}
    assert found["top", 0].mean == pytest.approx(-0.15)
    assert found["top", 0].error == pytest.approx(0.05)  # of -0.1 and -0.2
    assert found["top", 1].mean == pytest.approx(-0.35)
    assert found["bottom", 0].mean == pytest.approx(0.05)
    assert len(found) == 6
    assert [change.error for change in mean_changes(pairs[:1])] == [0.0] * 6


def test_a_pair_has_the_curve_of_its_own_target() -> None:
    case = make_planted_case()
    estimates = [_estimate("correct", np.linspace(-0.1, 0.1, 24)), _estimate("margin", np.zeros(24), 1.0)]
    retrained = [
        Retrained(case.target.id, "nothing", 0, 0, 0.5, 0.4),
        Retrained(case.target.id, "nothing", 0, 1, 0.7, 0.4),
        Retrained("another", "nothing", 0, 0, 0.0, 0.0),
    ]
    found = report_pair(case.source, case.target, estimates, np.array([0.4, 0.6]), 0.9, retrained)
    assert (found.num_models, found.accuracy, found.chance) == (10, 0.5, 1 / 8)
    assert found.spread == pytest.approx(np.sqrt(0.02))
    assert found.reliability.keys() == {"correct", "margin"}
    assert found.reliability["correct"] > 0.9
    assert found.warning is None
    (point,) = found.curve
    assert (point.mean, point.low, point.high, point.models) == (pytest.approx(0.6), 0.5, 0.7, 2)


def test_kinds_of_classes_are_told_apart() -> None:
    kinds = np.repeat(KINDS, 8)
    overall = np.select([kinds == "help", kinds == "hurt"], [0.1, -0.1], 0.0)
    overall[0] = -0.2  # one helping class that seems to hurt
    found = report_planted(kinds, [_estimate("correct", overall)], [])
    assert found.areas["correct"] == {
        "help above inert": 7 / 8,
        "inert above hurt": 1.0,
        "help above hurt": 7 / 8,
    }
    assert found.means == pytest.approx({"help": (7 * 0.1 - 0.2) / 8, "hurt": -0.1, "inert": 0.0})
    assert (found.error, found.curve) == (0.01, [])


def test_rows_are_those_of_two_outcomes() -> None:
    case = make_planted_case()
    estimates = [_estimate(name, np.zeros(24)) for name in ("correct", "margin", "probability")]
    rows = study_rows(case.source, case.target, estimates)
    assert len(rows) == 48
    assert {row["name"] for row in rows} == {"influence_correct", "influence_probability"}
