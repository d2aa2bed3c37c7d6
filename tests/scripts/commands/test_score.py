"""``score`` from the outside: what it prints, what it stores, and what it does not do twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from zoograph.data.images.identity import folder_digest
from zoograph.data.networks.weights import random_network
from zoograph.data.records.collection import Collection
from zoograph.data.records.naming.spellings import OF_OTHER_TARGETS, SCORE_NAMES
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.shapes import write_shapes
from zoograph.graphs.scores import registry
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.scripts.commands.measure import measure
from zoograph.scripts.commands.score import score
from zoograph.scripts.terminal.options import split_names

Command = Callable[..., Any]
Options = tuple[str, ...]


@pytest.fixture(autouse=True)
def _small_zoo(toy_zoo: Collection) -> None:
    """The commands start from the small zoo."""


def _rows() -> Any:
    with RecordStore.open() as store:
        return store.snapshot().scores


def test_scores_are_printed_and_stored(animals: Path, mine: Options, run_command: Command) -> None:
    ran = run_command(score, *mine, "--dataset", str(animals), "--json")
    assert ran.code == 0
    (pair,) = json.loads(ran.out)["pairs"]
    assert {"logme", "h_score", "transrate", "sfda", "lfc"} <= pair["scores"].keys()
    rows = _rows()
    assert dict(zip(rows["name"], rows["value"], strict=True)) == pair["scores"]
    with RecordStore.open() as store:
        zoo = store.snapshot()
    assert set(rows["model"]) == {pair["model"]}
    assert zoo.models[pair["model"]].source == "weights of mine.safetensors"
    card = zoo.datasets["animals"]
    assert (card.labels, card.num_samples) == (("cat", "dog", "owl"), 30)
    assert card.aliases == (str(animals), f"content:{folder_digest(animals)}")


def test_scores_that_compare_two_tasks_take_a_reference_and_are_not_stored(
    animals: Path, tmp_path: Path, mine: Options, run_command: Command
) -> None:
    reference = tmp_path / "reference"
    for place, name in enumerate(("fern", "moss")):
        shutil.copytree(animals / ("owl", "cat")[place], reference / name)
    two = (*mine, "--dataset", str(animals), "--scores", "otce,ot_nce", "--device", "cpu")
    ran = run_command(score, *two, "--reference", str(reference), "--json")
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert answer["reference"] == "reference"
    scores = answer["pairs"][0]["scores"]
    assert scores["otce"] < 0
    assert scores["ot_nce"] <= 0
    assert len(_rows()) == 0
    refused = run_command(score, *two)
    assert (refused.code, "Add it with '--reference'" in " ".join(refused.err.split())) == (2, True)


def test_the_table(animals: Path, mine: Options, run_command: Command) -> None:
    ran = run_command(score, *mine, "--dataset", str(animals), "--scores", "logme,h_score", "--max-images", "12")
    assert ran.code == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in ran.out.splitlines()]
    stored = {row.name: row.value for row in _rows().itertuples()}
    assert f"logme {stored['logme']:.4g}" in lines
    assert f"h_score {stored['h_score']:.4g}" in lines
    assert "12 of 30 images; 2 scores computed, 0 known." in ran.out


def test_nothing_is_done_twice(
    animals: Path, mine: Options, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = (*mine, "--dataset", str(animals), "--json")
    first = json.loads(run_command(score, *ask, "--scores", "logme").out)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network is not asked again")

    monkeypatch.setattr("zoograph.data.networks.features.extract", refuse)
    again = json.loads(run_command(score, *ask, "--scores", "logme,h_score").out)
    assert again["pairs"][0]["scores"]["logme"] == first["pairs"][0]["scores"]["logme"]
    assert again["pairs"][0]["num_computed"] == 1
    monkeypatch.setattr("zoograph.training.measuring.score.compute_scores", refuse)
    assert json.loads(run_command(score, *ask, "--scores", "logme,h_score").out)["pairs"][0]["num_computed"] == 0
    ran = run_command(score, *ask, "--scores", "logme", "--fresh")
    assert (ran.code, json.loads(ran.out)["error"]["message"]) == (70, "the network is not asked again")
    assert len(_rows()) == 2


def test_changed_images_are_scored_anew(animals: Path, mine: Options, run_command: Command) -> None:
    ask = (*mine, "--dataset", str(animals), "--scores", "logme", "--json")
    run_command(score, *ask)
    (animals / "cat" / "0.png").unlink()
    answer = json.loads(run_command(score, *ask).out)
    assert (answer["dataset"], answer["pairs"][0]["num_computed"]) == ("animals", 1)
    assert _rows()["source"].nunique() == 2


def test_a_folder_whose_name_is_taken_is_known_by_its_path(animals: Path, mine: Options, run_command: Command) -> None:
    folder = animals.rename(animals.parent / "pets")  # the small zoo has a dataset of that name
    for _ in range(2):
        answer = json.loads(run_command(score, *mine, "--dataset", str(folder), "--scores", "logme", "--json").out)
        assert answer["dataset"] == str(folder)
    assert set(_rows()["dataset"]) == {str(folder)}


def test_undefined_scores_are_explained_and_not_stored(
    animals: Path, mine: Options, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undefined(_: ScoreInputs) -> float:
        raise UndefinedScore("the features have no spread")

    monkeypatch.setitem(registry.SCORES, "logme", registry.SCORES["logme"]._replace(compute=undefined))
    ran = run_command(score, *mine, "--dataset", str(animals), "--scores", "logme,h_score")
    assert ran.code == 0
    assert "logme – " in " ".join(ran.out.replace("│", " ").split())
    assert "logme is undefined, the features have no spread." in ran.out
    assert list(_rows()["name"]) == ["h_score"]


def test_a_model_that_fails_does_not_stop_the_others(
    animals: Path, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoograph.data.networks.weights import RANDOM, load_pretrained

    monkeypatch.setattr(
        "zoograph.data.networks.encoders.load_pretrained", lambda name, *_: load_pretrained(name, RANDOM)
    )
    ran = run_command(score, "--models", "resnett18,test_resnet,test_vit", "--dataset", str(animals), "--json")
    answer = json.loads(ran.out)
    assert ran.code == 1
    assert [pair["model"].partition("@")[0] for pair in answer["pairs"]] == ["test_resnet", "test_vit"]
    assert [failure["model"] for failure in answer["failures"]] == ["resnett18"]
    assert "Failed: resnett18: Unknown model 'resnett18'. Nearest names: resnet18" in ran.err
    assert _rows()["model"].nunique() == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--models", "a,b", "--weights", "x"), "A file of weights belongs to one model (got 2)."),
        (("--models", "a", "--scores", "logmee"), "Unknown score 'logmee'. Nearest names: logme,"),
        (("--models", "a", "--device", "abacus"), "The device 'abacus' cannot be used"),
        (("--models", "a", "--dataset", "/nowhere/at/all"), "(got nothing there). Check the path."),
        (("--models", "a", "--target", "price"), "'--target price' names a column of a table"),
        (("--models", "a", "--label-column", "kind"), "'--label-column kind' names a column of a table"),
        (
            ("--models", "a", "--weights", "random", "--pixels", "500"),
            "'--pixels' is for a folder with images and masks",
        ),
        (("--models", "a", "--all", "--max-images", "9"), "Leave one of them out."),
    ],
)
def test_bad_questions(animals: Path, run_command: Command, options: Options, message: str) -> None:
    ran = run_command(score, "--dataset", str(animals), *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_names_with_commas() -> None:
    assert split_names(" a, b,a ,") == ["a", "b"]


def test_no_names(animals: Path, run_command: Command) -> None:
    ran = run_command(score, "--models", " , ", "--dataset", str(animals))
    assert ran.code == 2
    assert "must be names with commas between them" in ran.err


def test_a_folder_of_weights_is_one_of_each_model(animals: Path, tmp_path: Path, run_command: Command) -> None:
    for seed, name in enumerate(("test_resnet", "test_vit"), start=7):
        save_file(random_network(name, seed, num_classes=5).state_dict(), tmp_path / f"{name}.safetensors")
    options = ("--dataset", str(animals), "--scores", "logme", "--json", "--weights", str(tmp_path))
    ran = run_command(score, "--models", "test_resnet,test_vit", *options)
    answer = json.loads(ran.out)
    assert [pair["model"].partition("@")[0] for pair in answer["pairs"]] == ["test_resnet", "test_vit"]
    with RecordStore.open() as store:
        models = store.snapshot().models
    assert [models[pair["model"]].source for pair in answer["pairs"]] == [
        "weights of test_resnet.safetensors",
        "weights of test_vit.safetensors",
    ]


def test_a_column_of_real_values(tmp_path: Path, run_command: Command) -> None:
    table = write_shapes(tmp_path / "shapes", 90)
    ask = ("--models", "test_resnet", "--weights", "random", "--dataset", str(table), "--target", "radius")
    ran = run_command(score, *ask, "--json")
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert (answer["dataset"], answer["target"]) == ("shapes-radius", "real values")
    assert {"logme", "regularized_h_score"} <= answer["pairs"][0]["scores"].keys() <= {*SCORE_NAMES[:3]}
    assert 0.3 < answer["pairs"][0]["scores"]["regularized_h_score"] < 1.02
    assert {"logme_regression", "regularized_h_score_regression"} <= {*_rows()["name"]} <= OF_OTHER_TARGETS
    refused = run_command(score, *ask, "--scores", "lfc")
    assert (refused.code, "The score 'lfc' needs classes (got real values)." in refused.err) == (2, True)
    texts = run_command(score, *ask[:-1], "kind")
    assert (texts.code, "must hold numbers (got 90 of 90 that are no number" in texts.err) == (2, True)


def test_a_folder_of_masks(tmp_path: Path, run_command: Command) -> None:
    folder = write_shapes(tmp_path / "shapes", 12).parent
    (folder / "masks" / "3.png").unlink()
    ask = ("--models", "test_resnet", "--weights", "random", "--dataset", str(folder), "--pixels", "200")
    ran = run_command(score, *ask)
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "11 of 11 images; 12 scores computed, 0 known." in said
    assert (
        "200 places of its last map of features, drawn in proportion to the classes of their pixels with seed 0."
        in said
    )
    assert "has no mask and is left out." in " ".join(ran.err.split())
    refused = run_command(measure, *ask[:-2])
    assert (refused.code, "looks at classes (got" in refused.err) == (2, True)
