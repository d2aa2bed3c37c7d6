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

from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands.influence import influence
from zoograph.training.analysis.influence import recipe
from zoograph.training.analysis.influence.batched_training import Schedule
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.studies.influence import study as influence_study
from zoograph.training.studies.influence.planted import make_planted_case

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
    assert [unit["unit"].split("/")[0] for unit in units[6:8]] == ["cat", "dog"]
    assert all(unit["unit"].endswith(".png") for unit in units)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--models", "7"), "at least 8 models (got 7)"),
        (("--outcome", "luck"), "must be one of correct, margin, probability (got 'luck')"),
        (("--unit", "pixel"), "must be one of class, example (got 'pixel')"),
        (("--remove", "0.9"), "at least one of the 3 units and leave two (got 0.9 of them)"),
        (("--remove", "few"), "must be shares or counts with commas between them"),
        (("--remove", "1.5"), "must be a share below 1, or a whole number of units (got 1.5)"),
        (("--remove", "nan"), "must be a share below 1, or a whole number of units (got nan)"),
        (("--remove", "inf"), "must be a share below 1, or a whole number of units (got inf)"),
        (("--exclude", " , "), "What is left out must be units of the source (got none in ' , ')"),
        (("--examples", "file.txt"), "'--examples' must end in .csv or .npy (got 'file.txt')"),
        (("--remove", "2"), "at least one of the 3 units and leave two (got 2 of them)"),
        (("--exclude", "cow"), "Unknown unit of the source 'cow'"),
        (("--exclude", "cat,dog"), "Two of the 3 units must be left (got 2 to leave out)"),
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


def test_own_units_are_left_out_by_name_or_by_a_file_and_counts_are_counts(
    run_command: Callable[..., Any], animals: Path, tmp_path: Path
) -> None:
    ran = ask(run_command, animals, "--exclude", "dog", "--remove", "1", "--json")
    assert ran.code == 0, ran.err
    found = {(point["way"], point["removed"]) for point in json.loads(ran.out)["removals"]}
    assert found == {("nothing", 0), ("top", 1), ("bottom", 1), ("random", 1), ("own", 1)}
    listed = tmp_path / "left_out.txt"
    names = [unit["unit"] for unit in json.loads(ask(run_command, animals, "--unit", "example", "--json").out)["units"]]
    listed.write_text("\n".join(names[:2]))
    ran = ask(run_command, animals, "--unit", "example", "--exclude", str(listed), "--json")
    assert {(point["way"], point["removed"]) for point in json.loads(ran.out)["removals"]} == {
        ("nothing", 0),
        ("own", 2),
    }


def test_examples_have_the_names_of_their_files(run_command: Callable[..., Any], animals: Path, tmp_path: Path) -> None:
    file = tmp_path / "examples.csv"
    assert ask(run_command, animals, "--examples", str(file)).code == 0
    header, *rows = [line.split(",") for line in file.read_text().splitlines()]
    assert header == ["image", "cat", "dog", "owl"]
    assert len(rows) == 9
    assert all((animals / name).is_file() and len(values) == 3 for name, *values in rows)


def test_several_targets_share_the_models(run_command: Callable[..., Any], animals: Path, tmp_path: Path) -> None:
    other = tmp_path / "fewer"
    shutil.copytree(animals, other)
    shutil.rmtree(other / "owl")
    both = ("--target", str(other), "--exclude", "dog")
    ran = ask(run_command, animals, *both, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    (second,) = found["others"]
    assert (found["target"], second["target"]) == ("animals", "fewer")
    assert [unit["unit"] for unit in second["units"]] == ["cat", "dog", "owl"]
    alone = json.loads(
        run_command(
            influence, "--source", str(animals), "--target", str(other), "--models", "20", "--processes", "1", "--json"
        ).out
    )
    assert second["units"] == alone["units"]
    assert [{point["way"] for point in one["removals"]} for one in (found, second)] == [{"nothing", "own"}] * 2
    ran = ask(run_command, animals, *both, "--examples", str(tmp_path / "examples.csv"))
    assert (ran.code, "'--examples' is of one target (got 2)" in ran.err) == (2, True)


def test_targets_of_one_name_are_told_apart(run_command: Callable[..., Any], animals: Path, tmp_path: Path) -> None:
    other = tmp_path / "more" / "animals"
    shutil.copytree(animals, other)
    shutil.rmtree(other / "owl")
    ran = ask(run_command, animals, "--target", str(other), "--exclude", "dog")
    assert ran.code == 0, ran.err
    told = " ".join(ran.err.split())
    assert f"Warning: {animals}: 20 models are too few" in told
    assert f"Warning: {other}: 20 models are too few" in told
    assert ran.out.count("your list") == 2
    found = json.loads(ask(run_command, animals, "--target", str(other), "--exclude", "dog", "--json").out)
    (second,) = found["others"]
    assert (found["target"], second["target"]) == (str(animals), str(other))
    assert found["removals"] != second["removals"]
    assert {note.split(":")[0] for note in found["notes"]} >= {str(animals), str(other)}


def test_a_list_that_leaves_too_little_is_refused_before_the_work(
    run_command: Callable[..., Any], animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoograph.training.analysis.influence.ensembles.EnsembleRunner.random_ensemble", None)
    ran = ask(run_command, animals, "--exclude", "cat,dog")
    assert (ran.code, "Two of the 3 units must be left" in ran.err) == (2, True)


def test_the_architecture_is_of_choice(
    run_command: Callable[..., Any], animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def choose(*given: str) -> Recipe:
        asked.append(given)
        return QUICK

    monkeypatch.setattr(recipe, "choose_recipe", choose)
    assert ask(run_command, animals, "--architecture", "test_convnext").code == 0
    assert asked == [("head", "test_convnext")]
