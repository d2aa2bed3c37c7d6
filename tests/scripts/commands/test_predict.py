"""``predict`` from the outside: what is printed where, and how it ends when it cannot answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zoograph.data.records.records import Protocol
from zoograph.data.records.records import Run as RunRecord
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.predict import OWN_FOLD
from zoograph.training.predictors import evidence
from zoograph.training.retraining import train as fit
from zoograph.training.versions import restore
from zoograph.training.versions.artifact import PREDICTIONS, Artifact
from zoograph.training.versions.listing import predictor_root

Run = Callable[..., Any]
QUESTION = ("--model", "resnet", "--dataset", "birds")


@pytest.fixture
def toy_predictor(
    toy_store: RecordStore, save_toy: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch
) -> Artifact:
    """A predictor that knows everything in the store, which has enough records to train another."""
    monkeypatch.setattr(evidence, "MINIMUM_RECORDS", 1)
    seen = {"saw": toy_store.batch_digests(), "revision": toy_store.revision}
    return save_toy(predictor_root(Protocol.HEAD, None), **seen)


def _images(folder: Path, *classes: str) -> Path:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", (8, 8), (40 * number, 80 * i, 0)).save(folder / name / f"{i}.png")
    return folder


# -- what is printed ------------------------------------------------------------------------------


def test_table_and_footnotes(toy_predictor: Artifact, run_predict: Run) -> None:
    ran = run_predict(*QUESTION)
    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.replace("│", " ").split()) for line in ran.out.splitlines()]
    assert lines[0] == "resnet on birds, retrained head: top-1 accuracy"
    assert "birds_1 0.000 -0.050 – 0.050 0.900 0.500" in lines
    assert "birds_2 0.010 -0.040 – 0.060 0.900 –" in lines
    assert "mean of 2 0.005 -0.045 – 0.055 0.900 –" in lines
    assert "learned from 1 records" in ran.out
    assert OWN_FOLD in " ".join(ran.out.split())


def test_a_mean_of_several_runs_says_how_many(
    toy_store: RecordStore, request: pytest.FixtureRequest, run_predict: Run
) -> None:
    about: dict[str, Any] = {"source": "me", "model": "resnet", "dataset": "birds_1", "protocol": Protocol.HEAD}
    toy_store.add(runs=[RunRecord(**about, value=0.25, seed=seed) for seed in (1, 2)])
    request.getfixturevalue("toy_predictor")  # has seen them
    text = run_predict(*QUESTION).out
    assert "0.333 (3 runs)" in text
    assert text.count("runs)") == 1


def test_json_is_alone_on_stdout(toy_predictor: Artifact, run_predict: Run) -> None:
    ran = run_predict(*QUESTION, "--json")
    assert (ran.code, ran.err) == (0, "")
    answer = json.loads(ran.out)
    assert list(answer) == [
        *("schema", "model", "dataset", "protocol", "metric", "modality", "predictor", "tasks", "mean", "notes")
    ]
    assert (answer["metric"], answer["modality"]) == ("top1", "image")
    assert (answer["schema"], answer["notes"][-1]) == (1, OWN_FOLD)
    assert [row["dataset"] for row in answer["tasks"]] == ["birds_1", "birds_2"]
    assert answer["tasks"][0]["measured"] == 0.5
    assert answer["tasks"][1]["measured"] is None
    assert answer["mean"]["linear_regression"] == pytest.approx(0.9)
    assert answer["predictor"]["version"] == toy_predictor.manifest.version


def test_warnings_go_to_stderr(
    toy_predictor: Artifact, run_predict: Run, save_toy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy_predictor.folder / PREDICTIONS
    path.write_bytes(path.read_bytes() + b"\0")
    monkeypatch.setattr(fit, "train_predictor", lambda store, root, *_, **__: save_toy(root, revision=store.revision))
    ran = run_predict(*QUESTION, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["mean"]["predicted"] == pytest.approx(0.005)
    assert ran.err.startswith("Warning: The predictor in ")
    assert "is damaged: 'predictions.safetensors' is not what was written." in ran.err


def test_names_are_text_and_no_markup(
    toy_predictor: Artifact, run_predict: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"mean": 0.5, "lower": 0.25, "upper": 0.75, "baseline": 0.5}
    monkeypatch.setattr(restore, "load_on", lambda *_: (None, None, None))
    monkeypatch.setattr(restore, "predict_pairs", lambda *_: [row])
    folder = _images(tmp_path / "[bold]x[", "cat", "dog")
    ran = run_predict("--model", "resnet", "--dataset", str(folder))
    assert ran.code == 0
    assert "resnet on [bold]x[, retrained head" in ran.out
    assert "[bold]x[ has no record of this kind yet" in ran.out


# -- how it ends when it cannot answer ------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "dataset", "message"),
    [
        ("convnext_tinny", "clipart_32", "Unknown model 'convnext_tinny'. Nearest names: convnext_tiny, "),
        ("convnext_tiny", "clipart_23", "Unknown dataset 'clipart_23'. Nearest names: "),
        ("rare-puppers", "clipart_32", "is ambiguous. Say which: Hijazzi/rare-puppers, "),
        ("convnext_tiny", "/nowhere/at/all", "(got nothing there). Check the path."),
        ("convnext_tiny", "EMPTY", "(got no sub-folders)"),
        ("convnext_tiny", "ONE", "must have at least two classes with images (got only 'cat')"),
    ],
)
def test_bad_questions(
    shipped_home: Path, tmp_path: Path, run_predict: Run, model: str, dataset: str, message: str
) -> None:
    folders = {"EMPTY": tmp_path / "empty", "ONE": tmp_path / "one"}
    folders["EMPTY"].mkdir()
    _images(folders["ONE"], "cat")
    ran = run_predict("--model", model, "--dataset", str(folders.get(dataset, dataset)))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: ")
    assert message in ran.err
    assert not (shipped_home / "predictors").exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ZOOGRAPH_HOME", "/proc/nothing", "The state folder '/proc/nothing' cannot be made"),
        ("ZOOGRAPH_HOME", "/dev/null/home", "The state folder '/dev/null/home' cannot be made"),
        ("ZOOGRAPH_DATABASE_URL", "garbage", "ZOOGRAPH_DATABASE_URL is no usable database URL"),
    ],
)
def test_bad_places(monkeypatch: pytest.MonkeyPatch, run_predict: Run, variable: str, value: str, message: str) -> None:
    monkeypatch.setenv(variable, value)
    ran = run_predict(*QUESTION)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Error: {message}")


def test_a_store_of_garbage(home: Path, run_predict: Run) -> None:
    home.mkdir()
    (home / "zoograph.db").write_bytes(os.urandom(4096))
    ran = run_predict(*QUESTION)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be used: file is not a database. Move that file aside" in ran.err


def test_an_unknown_encoder_stops_before_training(
    toy_store: object, home: Path, run_predict: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "train_predictor", None)  # calling it would not be a sentence
    ran = run_predict(*QUESTION, "--encoder", "all-minilm-l6")
    assert (ran.code, ran.out) == (2, "")
    assert "Nearest names: sentence-transformers/all-MiniLM-L6-v2" in ran.err
    assert not (home / "predictors").exists()


def test_ctrl_c_while_training(
    toy_store: object, home: Path, run_predict: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, progress: Callable[[int, int], None], **__: object) -> None:
        progress(1, 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "train_predictor", train)
    monkeypatch.setattr(evidence, "MINIMUM_RECORDS", 1)
    ran = run_predict(*QUESTION, "--json")
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err
    assert not (home / "predictors").exists()


# -- the zoo that ships, and a predictor that was trained on it ------------------------------------

_WARM = """
import sys
from zoograph.scripts.main import predict_main
sys.argv = ["predict", "--model", "convnext_tiny", "--dataset", "clipart_32", "--json"]
try:
    predict_main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_terminal_without_unicode_gets_the_table_too(
    trained_home: Path, run_python: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = run_python(_WARM.replace(', "--json"', ""))
    assert ran.code == 0
    assert "clipart_32_c_50" in ran.out


def test_a_known_pair_needs_nothing_heavy(trained_home: Path, run_python: Run) -> None:
    ran = run_python(_WARM)
    answer = json.loads(ran.out)
    assert len(answer["tasks"]) == 9
    assert all(row["measured"] is not None for row in answer["tasks"])
    assert all(0 <= row["lower"] <= row["predicted"] <= row["upper"] <= 1 for row in answer["tasks"])
    heavy = {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas"}
    assert not heavy & set(ran.err.split())


def test_newcomers_get_wider_intervals(trained_home: Path, tmp_path: Path, run_predict: Run) -> None:
    folder = _images(tmp_path / "my photos", "cat", "dog", "flying_saucer")

    def widths(model: str, dataset: str) -> list[float]:
        ran = run_predict("--model", model, "--dataset", dataset, "--json")
        assert ran.code == 0, ran.err
        return [row["upper"] - row["lower"] for row in json.loads(ran.out)["tasks"]]

    known = widths("convnext_tiny", "clipart_32")
    new_model = widths("vit_base_patch16_224", "clipart_32")
    assert all(new > old for new, old in zip(new_model, known, strict=True))
    (new_dataset,) = widths("convnext_tiny", str(folder))
    assert new_dataset > max(known)
