"""What stages cost: time and memory that rise, and lines of JSON."""

from __future__ import annotations

import json
import time

import pytest

from zoograph.training.studies.stages import Stages, report


def test_a_stage_has_its_own_time_and_the_memory_so_far() -> None:
    stages = Stages()
    with stages.next("idle"):
        time.sleep(0.05)
    with stages.next("busy"):
        held = bytearray(64 * 2**20)
        sum(range(300_000))
    assert stages.seconds["idle"] >= 0.05 > stages.cpu["idle"]
    assert stages.cpu["busy"] > 0
    assert stages.first_rss <= stages.peaks["idle"] <= stages.peaks["busy"]
    assert len(held)


def test_progress_and_the_result_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    report(done=1, total=2)
    report(result={"runs": 300})
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"done": 1, "total": 2},
        {"result": {"runs": 300}},
    ]
