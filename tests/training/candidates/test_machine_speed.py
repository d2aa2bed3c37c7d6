"""The speed of this machine: measured once, kept, and measured again on another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.training.candidates import machine_speed
from zoograph.training.candidates.machine_speed import measure_machine


def test_a_machine_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_speed, "NETWORKS", {"test_resnet.r160_in1k": 64, "test_vit.r160_in1k": 160})
    monkeypatch.setattr(machine_speed, "_SECONDS", 0.01)
    monkeypatch.setattr(machine_speed, "_describe_machine", lambda: ("cpu", "abacus, 1 threads"))
    steps: list[tuple[int, int]] = []
    first = measure_machine(lambda done, total: steps.append((done, total)), tmp_path)
    assert (first.kind, set(first.speeds)) == ("cpu", {"test_resnet.r160_in1k", "test_vit.r160_in1k"})
    assert min(first.speeds.values()) > 0
    assert steps == [(0, 2), (1, 2)]
    assert [path.name for path in tmp_path.iterdir()] == ["cpu-abacus--1-threads.json"]
    assert measure_machine(None, tmp_path) == first
    monkeypatch.setattr(machine_speed, "_describe_machine", lambda: ("cpu", "slide rule"))
    assert measure_machine(None, tmp_path).name == "slide rule"
    assert len(list(tmp_path.iterdir())) == 2
