"""The study of influence: its files, the planted case, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.scripts.benchmarks.influence import influence as study_command
from zoograph.scripts.benchmarks.influence import write_study
from zoograph.training.analysis.influence import ensembles, recipe, small_tasks
from zoograph.training.analysis.influence.batched_training import Schedule
from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.studies.influence import study as influence_study
from zoograph.training.studies.influence.planted import make_planted_case
from zoograph.training.studies.influence.study import StudyPlan, run_study

QUICK = Recipe(network=make_planted_case().recipe.network, schedule=Schedule(steps=2, batch_size=8))


@pytest.fixture(autouse=True)
def _hardly_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_planted_case()
    monkeypatch.setattr(recipe, "choose_recipe", lambda transfer: replace(QUICK, transfer=transfer))
    monkeypatch.setattr(influence_study, "make_planted_case", lambda: replace(case, recipe=QUICK))


def test_study_leaves_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(small_tasks.TRAIN_PER_CLASS, "symbols", 3)
    monkeypatch.setattr(small_tasks, "TEST_PER_CLASS", 2)
    said: list[str] = []
    lab = EnsembleRunner(tmp_path / "lab", lambda function, *arguments: lambda: function(*arguments))
    plan = StudyPlan(("symbols",), ("glyph_thin_b2_50", "glyph_thin_a2_50"), 8, (0.2, 0.4), QUICK)
    report = run_study(lab, plan, said.append)
    # 2 without removal, and for either number 3 random ones and 2 x 2 for each target
    assert "8 models for influences and 24 for counterfactuals" in said[0]
    assert report.models_trained == 32
    assert [point.models for point in report.pairs[0].curve] == [2, 2, 2, 2, 2, 3, 3]
    tops = [pair.curve[1].mean - pair.curve[0].mean for pair in report.pairs]
    assert [point.way for point in report.pairs[0].curve[:2]] == ["nothing", "top"]
    first = report.changes[0]
    assert (first.way, first.number) == ("top", 0)
    assert (first.mean, first.error) == pytest.approx((np.mean(tops), abs(tops[0] - tops[1]) / 2))
    ordered = [pair.curve[1].mean < pair.curve[3].mean for pair in report.pairs]
    ordered += [pair.curve[2].mean < pair.curve[4].mean for pair in report.pairs]
    assert report.right_order["top below bottom"] == np.mean(ordered)
    write_study(report, tmp_path / "out")
    stored = json.loads((tmp_path / "out" / "influence.json").read_text(encoding="utf-8"))
    assert stored == report.model_dump(mode="json")
    assert len({tuple(row.values()) for row in stored["influences"]}) == len(stored["influences"]) == 45 * 2 * 2
    for name in ("influence-classes.png", "influence-curves.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.size[0] == 1050


def test_planted_command(run_command: Callable[..., Any]) -> None:
    ran = run_command(study_command, "--planted", "--models", "8", "--processes", "1", "--unit", "example", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["num_models"] == 8
    assert set(found["areas"]) == {"correct", "margin", "probability"}


def test_study_refuses(run_command: Callable[..., Any]) -> None:
    assert "Add --planted" in run_command(study_command, "--unit", "example").err
    assert "must be among latin, eastern, symbols (got 'greek')" in run_command(study_command, "--sources", "greek").err


def test_speed(run_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(small_tasks.TRAIN_PER_CLASS, "latin", 2)
    monkeypatch.setattr(small_tasks, "TEST_PER_CLASS", 1)
    monkeypatch.setattr(ensembles, "_MEASURED_STEPS", 1)
    found = json.loads(run_command(study_command, "--speed", "1,2", "--processes", "1", "--json").out)
    assert found["device"] == "cpu"
    assert set(found["seconds_per_model"]) == {"1", "2"}
    assert all(seconds > 0 for seconds in found["seconds_per_model"].values())
