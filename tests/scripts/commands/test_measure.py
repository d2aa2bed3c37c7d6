"""``measure`` from the outside: runs with all that is needed to repeat them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands import measure as module
from zoograph.scripts.commands.measure import measure
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig

Command = Callable[..., Any]
Options = tuple[str, ...]


@pytest.fixture(autouse=True)
def _small_zoo(toy_zoo: Collection) -> None:
    """The commands start from the small zoo."""


@pytest.fixture
def _one_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    config = FinetuneConfig(max_epochs=1, head_first=False)
    monkeypatch.setattr(module, "finetune_config", lambda protocol, **_: config)


def _stored(home: Path) -> list[dict[str, Any]]:
    engine = sa.create_engine(f"sqlite:///{home / 'zoograph.db'}")
    with engine.connect() as connection:
        query = sa.text("SELECT * FROM runs WHERE source LIKE 'zoograph %' ORDER BY seed")
        rows = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return rows


def test_heads_are_measured_and_stored(animals: Path, mine: Options, run_command: Command, home: Path) -> None:
    ran = run_command(measure, *mine, "--dataset", str(animals), "--seeds", "2", "--test-fraction", "0.4", "--json")
    assert ran.code == 0
    answer = json.loads(ran.out)
    rows = _stored(home)
    assert [row["seed"] for row in rows] == [0, 1]
    for run, row in zip(answer["runs"], rows, strict=True):
        assert run["value"] == row["value"] > 0.8  # a tint is easy to tell
        assert (row["protocol"], row["metric"], row["dataset"]) == ("head", "top1", "animals")
        assert (row["train_size"], row["test_size"]) == (18, 12)
        settings = json.loads(row["hyperparameters"])
        assert settings["test_fraction"] == 0.4
        assert settings.keys() == {"test_fraction", "l2", "validation_accuracy", "seconds"}
        assert row["measured_at"] is not None
    again = run_command(measure, *mine, "--dataset", str(animals), "--seeds", "2", "--test-fraction", "0.4")
    assert "0 runs measured, 2 were in the store already" in " ".join(again.out.split())
    assert len(_stored(home)) == 2
    with RecordStore.open() as store:
        (known,) = store.measured(answer["runs"][0]["model"], ["animals"], Protocol.HEAD).values()
    assert known.num_runs == 2


@pytest.mark.usefixtures("_one_epoch")
def test_fine_tuning_is_measured_and_stored(animals: Path, mine: Options, run_command: Command, home: Path) -> None:
    ran = run_command(measure, *mine, "--dataset", str(animals), "--protocol", "finetune", "--max-images", "12")
    assert ran.code == 0
    assert "animals, full fine-tuning: measured top-1 accuracy" in " ".join(ran.out.split())
    (row,) = _stored(home)
    assert (row["protocol"], row["train_size"], row["test_size"]) == ("finetune", 9, 3)
    settings = json.loads(row["hyperparameters"])
    assert (settings["max_epochs"], settings["num_epochs"], settings["best_epoch"]) == (1, 1, 1)
    assert list((home / "cache" / "finetune").iterdir()) == []


@pytest.mark.usefixtures("_one_epoch")
def test_corrupt_images_are_left_out_and_named(
    animals: Path, mine: Options, run_command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoograph.data.images.task._MOST_CORRUPT", 0.1)
    (animals / "cat" / "3.png").write_bytes(b"garbage")
    for protocol in ("head", "finetune"):
        ran = run_command(measure, *mine, "--dataset", str(animals), "--protocol", protocol)
        assert ran.code == 0
        assert "1 image is left out, which cannot be read" in ran.out
        assert "'cat/3.png'" in ran.out
    assert {row["train_size"] + row["test_size"] for row in _stored(home)} == {29}


def test_a_model_that_fails(animals: Path, run_command: Command, home: Path) -> None:
    ran = run_command(measure, "--models", "resnett18", "--dataset", str(animals), "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["failures"][0]["model"] == "resnett18"
    assert "Failed: resnett18: Unknown model" in ran.err
    assert _stored(home) == []


def test_help_shows_an_example(run_command: Command) -> None:
    ran = run_command(measure, "--help")
    assert ran.code == 0
    assert "zoograph measure --models resnet18 --dataset ./pets --protocol finetune" in " ".join(ran.out.split())


def test_settings_of_fine_tuning_are_options_and_kept_with_the_run(
    animals: Path, mine: Options, run_command: Command, home: Path
) -> None:
    given = ("--epochs", "2", "--learning-rate", "0.001", "--layer-decay", "0.9", "--weight-decay", "0.1")
    given += ("--batch-size", "8", "--warmup", "0.5", "--patience", "1", "--augment", "flip", "--freeze", "1")
    ran = run_command(measure, *mine, "--dataset", str(animals), "--protocol", "finetune", *given)
    assert ran.code == 0
    (row,) = _stored(home)
    settings = json.loads(row["hyperparameters"])
    kept = {name: settings[name] for name in ("max_epochs", "learning_rate", "layer_decay", "weight_decay")}
    assert kept == {"max_epochs": 2, "learning_rate": 0.001, "layer_decay": 0.9, "weight_decay": 0.1}
    rest = {name: settings[name] for name in ("batch_size", "warmup_epochs", "patience", "augmentation", "freeze")}
    assert rest == {"batch_size": 8, "warmup_epochs": 0.5, "patience": 1, "augmentation": "flip", "freeze": 1}
    assert settings["head_first"] is True
    assert 0 <= settings["head_accuracy"] <= 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--epochs", "3"), "'--epochs' belongs to fine-tuning (got the protocol 'head'). Add '--protocol finetune'."),
        (("--no-head-first",), "'--head-first' belongs to fine-tuning"),
        (("--protocol", "finetune", "--augment", "mirror"), "Unknown augmentation 'mirror'"),
    ],
)
def test_settings_that_do_not_belong_there(
    animals: Path, mine: Options, run_command: Command, given: Options, message: str
) -> None:
    ran = run_command(measure, *mine, "--dataset", str(animals), *given)
    assert ran.code == 2
    assert message in " ".join(ran.err.split())


def test_links_out_of_the_folder_are_followed_on_request(
    animals: Path, mine: Options, tmp_path: Path, run_command: Command
) -> None:
    """From the option to the images that are counted: without it the classes of the links are not there."""
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in ("cat", "dog"):
        (linked / name).symlink_to(animals / name, target_is_directory=True)
    refused = run_command(measure, *mine, "--dataset", str(linked))
    assert (refused.code, "Give --follow-links if you trust where the links lead" in refused.err) == (2, True)
    ran = run_command(measure, *mine, "--dataset", str(linked), "--follow-links", "--json")
    (run,) = json.loads(ran.out)["runs"]
    assert (ran.code, run["train_size"] + run["test_size"]) == (0, 20)


def test_models_are_pre_trained_on_a_source_measured_and_related(
    animals: Path, run_command: Command, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    for place, name in enumerate(("fern", "moss")):
        (target / name).mkdir(parents=True)
        for row in range(8):
            tint = [20 + row, 20 + row, 20 + row]
            tint[place] += 150
            Image.new("RGB", (24, 24), tuple(tint)).save(target / name / f"{row}.png")
    given = ("--models", "test_resnet", "--weights", "random", "--pretrain", str(animals), "--epochs", "1")
    ran = run_command(measure, *given, "--dataset", str(target), "--json")
    assert ran.code == 0
    answer = json.loads(ran.out)
    (source,) = answer["sources"]
    assert (source["source"], answer["dataset"]) == ("animals", "target")
    assert source["bound"]["total"] > 0
    assert Path(source["weights"]).is_file()
    (row,) = _stored(home)
    assert (row["model"], row["protocol"]) == (source["model"], "head")
    shown = " ".join(run_command(measure, *given, "--dataset", str(target)).out.split())
    assert "Pre-trained on animals; bound of the loss on target in nats, lower is better" in shown
    assert "which --weights takes" in shown
