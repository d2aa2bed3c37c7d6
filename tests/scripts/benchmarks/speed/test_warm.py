"""`benchmark warm`: two commands in turn, and a failure of either is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks import accuracy as benchmark
from zoograph.scripts.benchmarks.speed import warm


def test_commands_take_turns_and_the_first_round_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def take(command: Sequence[str]) -> float:
        ran.append(command[0])
        return float(len(ran))

    monkeypatch.setattr(warm, "_time", take)
    assert warm.measure(["a"], ["b"], rounds=2) == warm.Timings((3.0, 5.0), (4.0, 6.0))
    assert ran == ["a", "b"] * 3


def test_ratio_is_that_of_the_medians() -> None:
    assert warm.Timings((1.0, 2.0, 9.0), (4.0, 4.0, 100.0)).ratio == 0.5


def test_time_is_the_wall_clock() -> None:
    assert 0.2 <= warm._time((sys.executable, "-c", "import time; time.sleep(0.2)")) < 60


def test_a_command_that_fails_is_an_error() -> None:
    failing = (sys.executable, "-c", "import sys; print('no', file=sys.stderr); sys.exit(3)")
    with pytest.raises(ZoographError, match=r"must succeed \(got exit status 3: no\)"):
        warm.measure(failing, failing, rounds=1)


def test_rounds_are_positive() -> None:
    with pytest.raises(ValueError, match=r"'rounds' needs to be a positive integer \(got 0\)"):
        warm.measure(["a"], ["b"], rounds=0)


def test_json_and_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(command: Sequence[str], *_: object) -> warm.Timings:
        if command[0] == "predict":
            return warm.Timings((0.5, 0.5), (2.0, 2.0))
        assert "num_classes: 10" in Path(command[-1]).read_text()
        return warm.Timings((3.0, 3.0), (2.0, 2.0))

    monkeypatch.setattr(warm, "_find_program", lambda name: name)
    monkeypatch.setattr(warm, "measure", take)
    ran = CliRunner().invoke(benchmark.app, ["warm", "--rounds", "2", "--json"])
    assert json.loads(ran.stdout) == {
        "schema": 1,
        "rounds": 2,
        "predict_seconds": 0.5,
        "import_torch_seconds": 2.0,
        "ratio": 0.25,
        "predict_all": [0.5, 0.5],
        "import_torch_all": [2.0, 2.0],
        "recommend_seconds": 3.0,
        "import_libraries_seconds": 2.0,
        "recommend_ratio": 1.5,
        "recommend_all": [3.0, 3.0],
        "import_libraries_all": [2.0, 2.0],
        "notes": [],
    }
    assert "Ratios of the medians: predict 0.25, recommend 1.50" in CliRunner().invoke(benchmark.app, ["warm"]).stdout


def test_programs_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ZoographError, match="'predict' must be in"):
        warm._find_program("predict")
    (tmp_path / "predict").touch()
    assert warm._find_program("predict") == str(tmp_path / "predict")
