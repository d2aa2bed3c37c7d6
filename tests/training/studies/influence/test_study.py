"""What the study of influence plans: how many models, and how many of them anew."""

from __future__ import annotations

import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.studies.influence.study import SOURCES, TARGETS, StudyPlan


def test_models_that_are_planned() -> None:
    plan = StudyPlan(("latin", "symbols"), ("one", "two"), models=20, removed=(0.2, 0.4))
    removals = plan.removals(10)
    assert removals is not None
    assert removals.counts == (2, 4)
    # Without removal 2; for either number 3 random ones, and 2 of each end for each of two targets.
    assert plan.count_models([10, 10]) == (40, 2 * (2 + 2 * (3 + 2 * 2 * 2)))


def test_without_removals_nothing_is_trained_anew() -> None:
    plan = StudyPlan(removed=())
    assert plan.removals(10) is None
    assert plan.count_models([10] * len(plan.sources)) == (600, 0)
    assert (len(SOURCES), len(TARGETS)) == (3, 6)


def test_shares_that_remove_nothing() -> None:
    with pytest.raises(ZoographError, match="at least one of the 5 units"):
        StudyPlan(removed=(0.01,)).removals(5)
