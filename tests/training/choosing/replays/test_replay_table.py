"""Tables of a replay: means in points, the best single score alone, and where a policy stops."""

from __future__ import annotations

import pytest

from zoograph.training.choosing.replays.replay import CHOOSE, Replayed
from zoograph.training.choosing.replays.replay_table import ReplayTable, tabulate


def _record(policy: str, dataset: str, regrets: list[float], stated: list[float] | None = None) -> Replayed:
    return Replayed(policy=policy, dataset=dataset, num_models=9, regrets=regrets, found=1.0, stated=stated)


RECORDS = [
    _record("size", "a", [0.04, 0.02]),
    _record("size", "b", [0.02, 0.0]),
    _record("score-logme", "a", [0.1, 0.1]),
    _record("score-leep", "a", [0.03, 0.03]),
    _record(CHOOSE, "a", [0.01, 0.02, 0.01, 0.0, 0.0], [0.005, 0.008, 0.002, 0.001, 0.001]),
    _record(CHOOSE, "b", [0.05, 0.0, 0.0, 0.0, 0.0], [0.05, 0.04, 0.03, 0.02, 0.02]),
]


def test_a_line_is_the_mean_over_datasets_in_points() -> None:
    lines = {line.policy: line for line in tabulate(RECORDS)}
    assert list(lines) == [CHOOSE, "size", "best single score (leep)"]
    size = lines["size"]
    assert [size.area, size.first, size.last, size.worst_area] == pytest.approx([2.0, 3.0, 1.0, 3.0])
    assert (size.worst, size.stated, size.measured) == ("a", None, 1.0)


def test_a_policy_stops_when_it_expects_to_lose_a_point_but_not_before_it_measured_three() -> None:
    assert [record.stop for record in RECORDS[-2:]] == [3, 4]
    choose = tabulate(RECORDS)[0]
    assert choose.measured == 3.5
    assert choose.stated == pytest.approx(100 * (0.001 + 0.02) / 2)
    assert choose.true == 0.0


def test_the_ratio_is_to_the_best_other_policy() -> None:
    table = ReplayTable(collection="x", protocol="dataset_out", lines=tabulate(RECORDS))
    assert table.against_best == pytest.approx((0.8 + 1.0) / 2 / 2.0)
    nothing_lost = ReplayTable(collection="x", protocol="p", lines=tabulate([*RECORDS, _record("luck", "a", [0.0])]))
    assert nothing_lost.against_best is None
