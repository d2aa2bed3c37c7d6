"""`benchmark scale`: sizes are measured once, in processes of their own, and drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts
from zoograph.scripts.benchmarks import scale

app = typer.Typer()
app.command()(scale.scale)


def _row(runs: int) -> dict[str, Any]:
    return {
        "runs": runs,
        "num_train": round(0.9 * runs),
        "num_test": round(0.1 * runs),
        "cpu_seconds": {"make": 0.1, "build": 0.4, "train": runs / 100, "predict": 0.25},
        "imports_rss_gib": 0.5,
        "peak_rss_gib": {"train": 0.75, "predict": 0.75},
        "mae_truth": 0.0321,
        "noise_floor": 0.03,
    }


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []

    def measure(runs: int) -> dict[str, Any]:
        asked.append(runs)
        return _row(runs)

    monkeypatch.setattr(scale, "_measure", measure)
    return asked


def test_a_size_is_measured_once(measured: list[int], tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["--out", str(tmp_path), "--json", *arguments], catch_exceptions=False)
        return json.loads(done.stdout)["rows"]

    assert [row["runs"] for row in run("--sizes", "2700")] == [2700]
    assert [row["runs"] for row in run("--sizes", "27000,2700")] == [2700, 27000]
    assert measured == [2700, 27000]
    assert [row["runs"] for row in run("--sizes", "27000")] == [27000]
    assert len(load_facts(tmp_path / "scale.json")) == 2
    run("--sizes", "27000", "--fresh")
    assert measured[2:] == [27000]
    with Image.open(tmp_path / "scale.png") as image:
        assert image.width == 1625


def test_the_table_says_what_was_measured(measured: list[int], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--out", str(tmp_path), "--sizes", "5000"], catch_exceptions=False)
    assert "5,000" in done.stdout
    assert "0.0321" in done.stdout


def test_a_process_of_its_own_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho \'{"done": 1, "total": 1}\'\necho \'{"result": {"runs": 7}}\'\n')
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    assert scale._measure(7)["runs"] == 7
    program.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    with pytest.raises(ZoographError, match=r"must succeed \(got exit status 3: no\)"):
        scale._measure(7)


@pytest.mark.parametrize("sizes", ["many", "5", ""])
def test_sizes_are_checked(sizes: str, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="'--sizes' takes whole numbers from 100 up"):
        CliRunner().invoke(app, ["--out", str(tmp_path), "--sizes", sizes], catch_exceptions=False)


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "scale.json").write_text("{")
    with pytest.raises(ZoographError, match=r"must hold what an earlier measurement wrote .*--fresh"):
        CliRunner().invoke(app, ["--out", str(tmp_path), "--sizes", "2700"], catch_exceptions=False)
