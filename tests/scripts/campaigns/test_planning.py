"""Plans as a table, as lines and as JSON."""

from __future__ import annotations

import json

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.scripts.campaigns.planning import plan_as_dict, print_plan, tell_plan
from zoograph.training.campaigns.plan import Plan, Planned, make_plan


@pytest.fixture
def plan() -> Plan:
    card = ModelCard(id="small", source="x", parameters=250_000_000, num_features=100)
    return make_plan([Planned(card, 1000, 200, 10)], {"small": 100.0}, 2, own_weights=False)


def test_a_table_and_lines(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan)
    assert "1, by 1 model" in capsys.readouterr().out
    tell_plan(plan)
    assert "weights to download: 1.0 GB" in capsys.readouterr().err.splitlines()


def test_json(plan: Plan) -> None:
    said = json.loads(json.dumps(plan_as_dict(plan)))
    assert said["wall_seconds"] == said["seconds"] / 2
    assert (said["pieces"], said["weight_bytes"]) == (1, 1_000_000_000)
