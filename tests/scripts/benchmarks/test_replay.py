"""`benchmark replay`: what a replay says, and the files that it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.scripts.benchmarks.replay import replay
from zoograph.training.studies.replay import Step


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How the study was called; it answers with two steps."""
    calls: list[dict[str, Any]] = []

    def run(zoo: Any, folder: Path, batch_size: int, **how: Any) -> list[Step]:
        calls.append({"folder": folder, "batch_size": batch_size, "most": how["most"]})
        steps = (("full", True, 0.5), ("warm", False, 0.25))
        return [
            Step(100 * (k + 1), start, promoted, 5.0, error, 0.9, {"linear": 0.125})
            for k, (start, promoted, error) in enumerate(steps)
        ]

    monkeypatch.setattr("zoograph.training.studies.replay.replay", run)
    return calls


def test_steps_are_told_and_drawn(
    toy_zoo: Any, asked: list[dict[str, Any]], run_command: Callable[..., Any], tmp_path: Path, home: Path
) -> None:
    ran = run_command(replay, "--out", str(tmp_path / "out"), "--steps", "2", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)["steps"]
    assert [(step["records"], step["start"], step["promoted"]) for step in said] == [
        (100, "full", True),
        (200, "warm", False),
    ]
    assert json.loads((tmp_path / "out" / "replay.json").read_text()) == said
    assert (tmp_path / "out" / "replay.png").read_bytes().startswith(b"\x89PNG")
    assert asked == [{"folder": home / "replay" / "100", "batch_size": 100, "most": 2}]


def test_the_table_and_a_fresh_beginning(
    toy_zoo: Any, asked: list[dict[str, Any]], run_command: Callable[..., Any], tmp_path: Path, home: Path
) -> None:
    old = home / "replay" / "50" / "old"
    old.mkdir(parents=True)
    ran = run_command(replay, "--out", str(tmp_path), "--batch-size", "50", "--fresh")
    words = " ".join(ran.out.replace("│", " ").split())
    assert "200 warm kept aside 5.0 0.2500 0.900 0.1250" in words
    assert not old.exists()
