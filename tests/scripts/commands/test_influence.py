"""The commands about influence, from images to tables, and what they refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.store.store import RecordStore
from zoograph.scripts.benchmarks.influence import influence as study_command
from zoograph.scripts.benchmarks.influence import write_study
from zoograph.scripts.commands.influence import influence
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


def ask(run_command: Callable[..., Any], animals: Path, *more: str) -> Any:
    sides = ("--source", str(animals), "--target", str(animals), "--processes", "1")
    return run_command(influence, *sides, "--models", "20", *more)


def test_table(run_command: Callable[..., Any], animals: Path) -> None:
    ran = ask(run_command, animals)
    assert ran.code == 0, ran.err
    assert "Influence of animals on animals" in ran.out
    for name in ("cat", "dog", "owl"):
        assert ran.out.count(name) >= 1
    assert "over 20 models" in ran.out


def test_influences_become_edges_of_the_graph(run_command: Callable[..., Any], animals: Path) -> None:
    ran = ask(run_command, animals, "--store", "--json")
    assert ran.code == 0, ran.err
    with RecordStore.open() as store:
        rows = store.snapshot().influences
    told = {unit["unit"]: unit["influence"] for unit in json.loads(ran.out)["units"]}
    assert dict(zip(rows["label"], rows["value"], strict=True)) == pytest.approx(told, rel=1e-5)
    assert set(rows["corpus"]) == set(rows["dataset"]) == {"animals"}
    assert set(rows["name"]) == {"influence_correct"}
    ask(run_command, animals, "--store")  # the same once more adds nothing
    with RecordStore.open() as store:
        assert len(store.snapshot().influences) == 3


def test_influences_of_images_are_not_stored(run_command: Callable[..., Any], animals: Path) -> None:
    ran = ask(run_command, animals, "--store", "--unit", "example")
    assert ran.code == 2
    assert "Influences of classes can be stored" in ran.err


def test_json_holds_what_the_outcomes_say(run_command: Callable[..., Any], animals: Path, tmp_path: Path) -> None:
    file = tmp_path / "examples.npy"
    more = ("--json", "--outcome", "probability", "--remove", "0.34", "--examples", str(file))
    ran = ask(run_command, animals, *more)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [unit["unit"] for unit in found["units"]] == ["cat", "dog", "owl"]
    assert all(unit["models_with"] + unit["models_without"] == 20 for unit in found["units"])
    assert all(unit["standard_error"] > 0 for unit in found["units"])
    by_example = np.load(file, allow_pickle=False)
    assert by_example.shape == (9, 3)
    assert [unit["influence"] for unit in found["units"]] == pytest.approx(by_example.mean(0).tolist(), abs=1e-6)
    by_class = np.array([unit["by_target_class"] for unit in found["units"]])
    assert np.allclose(by_class, by_example.reshape(3, 3, 3).mean(1).T, atol=1e-6)
    assert {(point["way"], point["removed"]) for point in found["removals"]} == {
        ("nothing", 0),
        ("top", 1),
        ("bottom", 1),
        ("random", 1),
    }


def test_too_few_models_are_said(run_command: Callable[..., Any], animals: Path) -> None:
    """Networks of two steps know nothing: what influences they seem to have is noise."""
    ran = ask(run_command, animals)
    assert "models are too few to rank these: the standard error is 0.0" in " ".join(ran.err.split())


def test_examples_as_units(run_command: Callable[..., Any], animals: Path) -> None:
    ran = ask(run_command, animals, "--unit", "example", "--json")
    assert ran.code == 0, ran.err
    units = json.loads(ran.out)["units"]
    assert len(units) == 21
    assert units[8]["unit"] == "8, dog"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--models", "7"), "at least 8 models (got 7)"),
        (("--outcome", "luck"), "must be one of correct, margin, probability (got 'luck')"),
        (("--unit", "pixel"), "must be one of class, example (got 'pixel')"),
        (("--remove", "0.9"), "at least one of the 3 units and leave two (got 0.9 of them)"),
        (("--remove", "few"), "must be shares with commas between them"),
        (("--device", "abacus"), "The device 'abacus' cannot be used"),
        (("--examples", "/nowhere/file.npy"), "'/nowhere/file.npy' cannot be written (No such"),
    ],
)
def test_errors(run_command: Callable[..., Any], animals: Path, more: tuple[str, ...], message: str) -> None:
    ran = ask(run_command, animals, *more)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())


def test_source_of_two_classes(run_command: Callable[..., Any], animals: Path) -> None:
    shutil.rmtree(animals / "owl")
    ran = ask(run_command, animals)
    assert ran.code == 2
    assert "at least three classes" in ran.err
    assert "got 2 in 'animals'" in ran.err


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
