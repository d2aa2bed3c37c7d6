"""Plans: counts, seconds and bytes by hand, and all of timm's weights on all of MIEB's datasets."""

from __future__ import annotations

import time

import pytest

from zoograph.data.collections.public.mieb_tasks import read_mieb_tasks
from zoograph.data.records.cards import ModelCard
from zoograph.training.campaigns.plan import Planned, cheapest_first, describe_seconds, expect_seconds, make_plan

SMALL = ModelCard(id="small", source="x", parameters=1_000_000, num_features=100)
LARGE = ModelCard(id="large", source="x", parameters=50_000_000, num_features=100)
UNKNOWN = ModelCard(id="unknown", source="x")
SPEEDS = {"small": 100.0, "large": 10.0}


def test_a_plan_by_hand() -> None:
    asked = [
        Planned(SMALL, 1000, 200, 10),
        Planned(SMALL, 500, 100, 10, done=True),
        Planned(LARGE, 1000, 200, 10),
        Planned(UNKNOWN, 1000, 200, 10),
    ]
    plan = make_plan(asked, SPEEDS, 4, own_weights=False)
    assert (plan.pieces, plan.done, plan.models, plan.images, plan.slots) == (4, 1, 3, 3000, 4)
    assert (plan.weight_bytes, plan.unsized) == (4 * 51_000_000, 1)
    assert plan.wall_seconds == plan.seconds / 4
    assert plan.seconds == pytest.approx(sum(expect_seconds([asked[0], asked[2], asked[3]], SPEEDS)))
    small, large = expect_seconds([asked[0], asked[2]], SPEEDS)
    assert small == pytest.approx(2 + 4 / 50 + 1000 / 100, abs=0.1)  # opening, and images at 100 a second
    assert large == pytest.approx(2 + 4 + 1000 / 10, abs=0.1)
    assert dict(plan.rows)["weights to download"] == "0.2 GB and 1 model of unknown size"
    assert make_plan(asked, SPEEDS, 4, own_weights=True).weight_bytes == 0


def test_fine_tuning_takes_its_epochs() -> None:
    head, tuned = expect_seconds([Planned(SMALL, 1000, 700, 10), Planned(SMALL, 1000, 700, 10, epochs=2)], SPEEDS)
    assert tuned - head == pytest.approx(2 * (3 * 700 + 300) / 100)


def test_fast_models_come_first() -> None:
    assert [card.id for card in cheapest_first([UNKNOWN, LARGE, SMALL], SPEEDS)] == ["small", "large", "unknown"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (90, "1.5 min"), (7200, "2.0 h"), (3e5, "3.5 days"), (3e8, "3,472 days")],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert describe_seconds(seconds) == text


def test_sixteen_hundred_weights_on_all_datasets_are_planned_in_seconds() -> None:
    cards = [ModelCard(id=f"m{n}", source="x", parameters=n, num_features=512) for n in range(1, 1601)]
    speeds = {card.id: 100.0 for card in cards}
    tasks = read_mieb_tasks()
    started = time.process_time()
    asked = [Planned(card, task.num_test, 16 * task.num_classes, task.num_classes) for task in tasks for card in cards]
    plan = make_plan(asked, speeds, 100, own_weights=True)
    assert time.process_time() - started < 5
    assert plan.pieces == 1600 * 21
    assert plan.images == 1600 * sum(task.num_test for task in tasks)
    assert plan.seconds > plan.images / 100
