"""One stage, with what it cost and the day it was measured."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from zoograph.training.studies.hub.measure import measure


def test_a_stage_says_what_it_found_and_what_it_cost(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = measure("make", tmp_path / "new", 300, lambda *at: told.append(at))
    assert found["num_datasets"] == 245
    assert (tmp_path / "new" / "tables" / "run_value.npy").exists()
    assert 0 < found["cpu_seconds"] < 60
    assert 0 < found["imports_rss_gib"] <= found["peak_rss_gib"]
    assert date.fromisoformat(found["day"]) <= date.today()
    assert told[-1] == (found["num_runs"], found["num_runs"])
