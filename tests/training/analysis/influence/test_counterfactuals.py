"""Removals: what is taken out, how often, and what is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.counterfactuals import Removals, counts_of, retrain_without
from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.analysis.influence.members import Members
from zoograph.training.studies.influence.planted import PlantedCase, make_planted_case

REMOVALS = Removals((2, 5), repeats=2, draws=3)


class FakeLab(EnsembleRunner):
    """A lab whose models reach the sum of the numbers of what they saw, in thousandths; it keeps what it was asked."""

    def given_ensemble(self, source: Any, members: Members, *rest: Any) -> Any:
        asked.append(members)

        class Reached:
            def transfer(self, target: Any) -> dict[str, np.ndarray]:
                values = (members.keep @ np.arange(members.keep.shape[1])) / 1000
                return {"outcomes": np.repeat(values[:, None, None], 3, axis=1) * np.array([1, 2, 0.5])[None, :, None]}

        return Reached()


asked: list[Members] = []


@pytest.fixture
def case() -> PlantedCase:
    asked.clear()
    return make_planted_case()


@pytest.fixture
def lab(tmp_path: Path) -> EnsembleRunner:
    return FakeLab(tmp_path, lambda *call: lambda: None)


def test_top_bottom_and_random(case: PlantedCase, lab: EnsembleRunner) -> None:
    found = retrain_without(lab, case.source, [case.target], {case.target.id: np.arange(24)}, REMOVALS)
    assert len(found) == REMOVALS.count_models(1) == 2 + 2 * 3 + 2 * 2 * 2
    total = sum(range(24))
    reached = {(one.way, one.removed, one.seed): one for one in found}
    assert reached["nothing", 0, 1].correct == pytest.approx(total / 1000)
    assert reached["top", 2, 0].correct == pytest.approx((total - 22 - 23) / 1000)
    assert reached["bottom", 5, 1].correct == pytest.approx((total - 0 - 1 - 2 - 3 - 4) / 1000)
    assert reached["top", 2, 0].probability == pytest.approx(reached["top", 2, 0].correct / 2)
    draws = [asked[0].keep[2 + draw] for draw in range(3)]
    assert all(draw.sum() == 22 for draw in draws)
    assert len({draw.tobytes() for draw in draws}) == 3
    # A larger random removal takes out what the smaller one did.
    assert not (asked[0].keep[5:8] & ~asked[0].keep[2:5]).any()


def test_repetitions_begin_alike(case: PlantedCase, lab: EnsembleRunner) -> None:
    retrain_without(lab, case.source, [case.target], {case.target.id: np.arange(24)}, REMOVALS)
    shared, own = asked
    assert set(own.seeds) == set(shared.seeds[:2])
    assert len(set(shared.seeds)) == 3


def test_random_removals_are_shared_by_targets(case: PlantedCase, lab: EnsembleRunner) -> None:
    other = make_planted_case(seed=1).target
    orders = {case.target.id: np.arange(24)}
    found = retrain_without(lab, case.source, [case.target, other], orders, REMOVALS)
    assert len(asked) == 3
    assert len(found) == 2 * (2 + 2 * 3 + 2 * 2 * 2)


def test_shares() -> None:
    assert counts_of(62, (0.2, 0.4)) == (12, 25)
    assert counts_of(10, (0.31, 0.29)) == (3,)
    for shares in ((0.01,), (0.9,), ()):
        with pytest.raises(ZoographError, match="at least one of the 10 units and leave two"):
            counts_of(10, shares)


def test_order_that_is_too_short(case: PlantedCase, lab: EnsembleRunner) -> None:
    with pytest.raises(ZoographError, match=r"5 units cannot be removed by influence .*got 4 with a defined influence"):
        retrain_without(lab, case.source, [case.target], {case.target.id: np.arange(4)}, REMOVALS)
