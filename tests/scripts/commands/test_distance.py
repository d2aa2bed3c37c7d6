"""``analyze distance`` from the outside: trained once, kept, stored, and read by no predictor."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import save_file

from zoograph import facade
from zoograph.data.networks.weights import random_network
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import PARAMETER_DISTANCE, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands.distance import distance
from zoograph.scripts.commands.measure import measure
from zoograph.scripts.commands.score import score
from zoograph.training.analysis.distance import measure as distance_analysis
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _small_zoo(toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands start from the small zoo, and train for two epochs."""
    config = FinetuneConfig(max_epochs=2)
    monkeypatch.setattr(
        distance_analysis, "measure_distance", partial(distance_analysis.measure_distance, config=config)
    )
    monkeypatch.setattr(facade, "measure", partial(facade.measure, config=config))


@pytest.fixture
def chosen(tmp_path: Path) -> tuple[str, ...]:
    """The option that chooses weights of seven classes, other ones than those that are drawn with seed 0."""
    path = tmp_path / "mine.safetensors"
    save_file(dict(random_network("test_resnet", 5, 7).state_dict()), path)
    return ("--weights", str(path))


@pytest.fixture
def own(chosen: tuple[str, ...], animals: Path) -> tuple[str, ...]:
    """The options of a small network with weights of its own on a folder of pictures."""
    return ("--model", "test_resnet", *chosen, "--dataset", str(animals))


def _counts() -> tuple[list[float], dict[str, float]]:
    with RecordStore.open() as store:
        zoo = store.snapshot()
    runs = zoo.runs[zoo.runs["source"].str.startswith("zoograph ")]
    assert set(runs["protocol"]) <= {"finetune"}
    return runs["value"].tolist(), dict(zip(zoo.scores["name"], zoo.scores["value"], strict=True))


def test_from_nothing(own: tuple[str, ...], run_command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run_command(distance, *own, "--json")
    assert ran.code == 0, ran.err
    (answer,) = json.loads(ran.out)["reports"]
    assert answer["transferability"] > 1  # two epochs do not go as far as random weights are
    assert answer["log_transferability"] == pytest.approx(math.log(answer["transferability"]))
    assert answer["head_note"] == "the three have 7, 7 and 3 classes"
    assert _counts() == ([answer["accuracy"]], {PARAMETER_DISTANCE: answer["log_transferability"]})
    folder = Path(answer["folder"])
    assert folder.is_relative_to(home / "checkpoints")
    names = ["finetuned.safetensors", "pretrained.safetensors", "random-0.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == names

    # The checkpoints that were kept say the same by themselves.
    files = dict(zip(("--finetuned", "--pretrained", "--random"), (str(folder / name) for name in names), strict=True))
    options = [word for pair in files.items() for word in pair]
    (again,) = json.loads(run_command(distance, "--model", "test_resnet", *options, "--json").out)["reports"]
    assert again["blocks"] == answer["blocks"]
    found = distance_analysis.find_distance(answer["model"], answer["dataset"])
    assert found is not None
    assert json.loads(found.model_dump_json()) == {**answer, "is_stored": False}
    assert distance_analysis.find_distance(answer["model"], "elsewhere") is None

    # A second call trains nothing, and adds nothing; what is missing is made.
    monkeypatch.setattr(distance_analysis, "measure_models", None)
    (folder / "random-0.safetensors").unlink()
    assert json.loads(run_command(distance, *own, "--json").out)["reports"] == [answer]
    assert len(_counts()[0]) == len(_counts()[1]) == 1
    (other,) = json.loads(run_command(distance, *own, "--seed", "1", "--blocks", "stages", "--json").out)["reports"]
    assert other["transferability"] != answer["transferability"]
    assert not other["is_stored"]
    assert _counts()[1] == {PARAMETER_DISTANCE: answer["log_transferability"]}
    with RecordStore.open() as store:
        assert store.score_digests() == {}


def test_it_is_the_run_of_measure(own: tuple[str, ...], chosen: tuple[str, ...], run_command: Command) -> None:
    (answer,) = json.loads(run_command(distance, *own, "--json").out)["reports"]
    ran = run_command(
        measure, "--models", "test_resnet", *chosen, "--dataset", own[-1], "--protocol", "finetune", "--json"
    )
    assert json.loads(ran.out)["runs"][0]["value"] == answer["accuracy"]
    with RecordStore.open() as store:
        (known,) = store.measured(answer["model"], [answer["dataset"]], Protocol.FINETUNE).values()
    assert known.num_runs == 2


def test_a_checkpoint_that_is_damaged_is_made_anew(own: tuple[str, ...], run_command: Command) -> None:
    (answer,) = json.loads(run_command(distance, *own, "--json").out)["reports"]
    for name in ("finetuned.safetensors", "random-0.safetensors"):
        path = Path(answer["folder"]) / name
        path.write_bytes(path.read_bytes()[:-1])
    ran = run_command(distance, *own, "--json")
    assert json.loads(ran.out)["reports"][0]["blocks"] == answer["blocks"]


def test_the_table_and_the_picture(own: tuple[str, ...], run_command: Command, tmp_path: Path) -> None:
    ran = run_command(distance, *own, "--picture", str(tmp_path / "t.png"))
    words = " ".join(ran.out.split())
    assert "test_resnet@" in words
    assert "T, mean of the blocks" in words
    assert "The head is left out: the three have 7, 7 and 3 classes." in words
    assert "is stored" in words
    with Image.open(tmp_path / "t.png") as image:
        assert image.width == 1050
        assert len(image.getcolors(256) or []) > 10


def test_random_weights_are_one_everywhere(animals: Path, run_command: Command) -> None:
    ran = run_command(distance, "--model", "test_resnet", "--weights", "random", "--dataset", str(animals), "--json")
    (answer,) = json.loads(ran.out)["reports"]
    assert {block["ratio"] for block in answer["blocks"]} == {1.0}
    assert answer["log_transferability"] == 0.0


def test_scores_are_told_as_before(own: tuple[str, ...], chosen: tuple[str, ...], run_command: Command) -> None:
    run_command(distance, *own)
    ran = run_command(score, "--models", "test_resnet", *chosen, "--dataset", own[-1], "--scores", "knn", "--json")
    assert list(json.loads(ran.out)["pairs"][0]["scores"]) == ["knn"]
    refused = run_command(
        score, "--models", "test_resnet", *chosen, "--dataset", own[-1], "--scores", PARAMETER_DISTANCE
    )
    assert refused.code == 2
    assert "Unknown score 'parameter_distance'" in refused.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "got neither"),
        (("--random", "r", "--finetuned", "f"), "got --random, --finetuned"),
        (("--random", "r", "--dataset", "d"), "got --dataset, --random"),
        (("--random", "r", "--pretrained", "a", "--finetuned", "b", "--weights", "w"), "belongs to '--dataset'"),
        (("--dataset", "./nowhere"), "nowhere"),
    ],
)
def test_what_is_refused(options: tuple[str, ...], message: str, run_command: Command) -> None:
    ran = run_command(distance, "--model", "test_resnet", *options)
    assert ran.code == 2
    assert ran.err.startswith("Error: ")
    assert message in ran.err


def test_texts_are_refused_whatever_the_model_is(tmp_path: Path, run_command: Command) -> None:
    (tmp_path / "reviews.csv").write_text("text,label\nIt is good.,1\nIt is bad.,0\n")
    for model in ("my-encoder", "test_resnet"):
        ran = run_command(distance, "--model", model, "--dataset", str(tmp_path / "reviews.csv"))
        assert (ran.code, ran.out) == (2, "")
        assert "This command looks at images (got" in ran.err


def test_a_model_that_fails(animals: Path, run_command: Command) -> None:
    ran = run_command(distance, "--model", "resnett18", "--dataset", str(animals))
    assert ran.code == 2
    assert "Unknown model 'resnett18'" in ran.err
