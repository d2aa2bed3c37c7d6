"""`benchmark scores`: every score in a process of its own, beside the authors' times."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.graphs.scores.registry import SCORES
from zoograph.scripts.benchmarks.speed import score_speed

app = typer.Typer()
app.command()(score_speed.scores)

SMALL = "n90_d12_C3"


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def measure(size: str, names: tuple[str, ...]) -> dict[str, Any]:
        asked.append((size, names))
        return {"seconds": 0.5 * len(names), "peak_rss_mib": 100.0, "threads": 1, "values": dict.fromkeys(names, 1.0)}

    monkeypatch.setattr(score_speed, "_measure", measure)
    return asked


def test_each_score_is_measured_alone_and_then_all_together(measured: list[Any], tmp_path: Path) -> None:
    size = "n5000_d2048_C100"
    done = _run("--size", size, "--names", "logme,lfc", "--json", "--out", str(tmp_path))
    rows = json.loads(done.stdout)["rows"]
    assert measured == [(size, ("logme",)), (size, ("lfc",)), (size, ("logme", "lfc"))]
    assert [(row["score"], row["seconds"], row["reference_seconds"]) for row in rows] == [
        ("logme", 0.5, 4.055),
        ("lfc", 0.5, 0.938),
        ("all together", 1.0, 4.055 + 0.938),
    ]
    assert json.loads((tmp_path / "score_speed.json").read_text())["rows"] == rows


def test_table_says_how_much_faster(measured: list[Any]) -> None:
    shown = _run("--size", f"n5000_d2048_C100,{SMALL}", "--names", "h_score").stdout
    assert "3.204" in shown
    assert "6.4" in shown
    assert "zhangyikaii" in shown
    assert SMALL in shown
    assert "30 %" in shown


def test_all_scores_are_measured_unless_some_are_named(measured: list[Any]) -> None:
    _run("--size", SMALL, "--json")
    assert measured[-1] == (SMALL, tuple(SCORES))
    assert len(measured) == len(SCORES) + 1


def test_a_process_of_its_own_measures() -> None:
    row = score_speed._measure(SMALL, ("h_score", "transrate"))
    assert row["seconds"] > 0
    assert row["cpu_seconds"] > 0
    assert row["peak_rss_mib"] > 10
    assert row["values"] == pytest.approx(score_speed.measure(SMALL, ("h_score", "transrate"))["values"])


def test_a_measurement_that_fails_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert score_speed._measure(SMALL, ("lfc",)) == {"error": "no memory"}
    assert "no memory" in _run("--size", SMALL, "--names", "lfc").stdout


def test_inputs_are_made_up_from_the_seed() -> None:
    made, again, other = (score_speed.make_inputs(SMALL, seed) for seed in (0, 0, 1))
    assert made.features.shape == (90, 12)
    assert made.features.dtype == torch.float32
    assert made.num_classes == 3
    assert made.source_probabilities is not None
    assert made.source_probabilities.shape == (90, 1000)
    assert torch.equal(made.features, again.features)
    assert not torch.equal(made.features, other.features)


def test_references_are_the_fastest_that_finished() -> None:
    fastest = score_speed.fastest_references("n20000_d768_C200")
    assert fastest["h_score"] == (0.308, 481, "zhangyikaii/Model-Spider")
    assert "pactran_gamma" not in fastest
    assert set(fastest) <= set(SCORES) | {"gbc", "leep", "nce", "otce"}


@pytest.mark.parametrize("size", ["large", "n0_d1_C1", "n5_d5", ""])
def test_sizes_are_checked(size: str) -> None:
    with pytest.raises(ZoographError, match="'--size' takes sizes such as"):
        _run("--size", size)


def test_names_and_folder_are_checked(measured: list[Any], tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Nearest names: logme"):
        _run("--size", SMALL, "--names", "logmee")
    (tmp_path / "file").write_text("")
    with pytest.raises(ZoographError, match=r"cannot be written .*--out"):
        _run("--size", SMALL, "--names", "lfc", "--out", str(tmp_path / "file"))
