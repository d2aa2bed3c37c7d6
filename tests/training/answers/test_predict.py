"""Answers: from names to numbers, and what happens when something on the way is not as it should be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zoograph.data.errors import EncoderError, ImageFolderError, StoreError, UnknownName
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.training.answers.current_predictor import current_predictor
from zoograph.training.answers.predict import Row, predict
from zoograph.training.retraining import train as fit
from zoograph.training.versions import listing, restore
from zoograph.training.versions.artifact import PREDICTIONS, Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current

Save = Callable[..., Artifact]


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, toy_zoo: Collection, save_toy: Save) -> list[Path]:
    """Folders that were trained for, where training is nothing but saving."""
    roots: list[Path] = []

    def train(store: RecordStore, root: Path, protocol: Protocol, *_: object, **__: object) -> Artifact:
        roots.append(root)
        return save_toy(root, protocol=protocol)

    monkeypatch.setattr(fit, "train_predictor", train)
    return roots


def _folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


# -- known pairs ----------------------------------------------------------------------------------


def test_a_family_gets_a_row_a_member_and_their_mean(trainings: list[Path]) -> None:
    answer = predict("owner/resnet", "birds")
    assert (answer.model, answer.dataset, answer.protocol) == ("resnet", "birds", Protocol.HEAD)
    first, second = answer.rows
    assert first == Row("birds_1", *(pytest.approx(x, abs=1e-6) for x in (0.0, -0.05, 0.05, 0.9)), 0.5, 1)
    assert second == Row("birds_2", *(pytest.approx(x, abs=1e-6) for x in (0.01, -0.04, 0.06, 0.9)), None, 0)
    mean = answer.mean
    assert (mean.predicted, mean.lower, mean.upper) == pytest.approx((0.005, -0.045, 0.055), abs=1e-6)
    assert (mean.measured, mean.measured_runs, answer.new) == (None, 1, ())


def test_a_predictor_is_trained_once_for_each_protocol(trainings: list[Path], home: Path) -> None:
    assert predict("resnet", "birds_1").provenance.version == (predict("resnet", "birds_2").provenance.version)
    assert predict("resnet", "pets").protocol is Protocol.FINETUNE  # as most of its runs
    assert predict("resnet", "pets", Protocol.HEAD).protocol is Protocol.HEAD
    assert [root.name for root in trainings] == ["head-default", "finetune-default"]
    assert {path.name for path in (home / "predictors").iterdir()} == {"head-default", "finetune-default"}


def test_newer_records_are_counted(trainings: list[Path]) -> None:
    assert predict("resnet", "birds").provenance.newer_records == 0
    with RecordStore.open() as store:
        run = Run(source="mine", model="vit", dataset="birds_2", protocol=Protocol.HEAD, value=1.0)
        store.add(runs=[run, run.model_copy(update={"seed": 1})])
    answer = predict("vit", "birds_2")
    assert answer.provenance.newer_records == 2
    assert (answer.mean.measured, answer.mean.measured_runs) == (1.0, 2)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(59, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (86_400, "1 day ago"), (-5, "just now")],
)
def test_age_in_words(toy_zoo: Collection, save_toy: Save, seconds: int, age: str) -> None:
    created = datetime.now(UTC) - timedelta(seconds=seconds + 0.5)
    save_toy(predictor_root(Protocol.HEAD, None), created_at=created)
    assert predict("vit", "birds").provenance.age == age


# -- damage, and homes that cannot be written -----------------------------------------------------


def test_a_damaged_predictor_is_kept_aside_and_replaced(trainings: list[Path], home: Path) -> None:
    first = predict("resnet", "birds")
    (damaged,) = home.rglob(PREDICTIONS)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    warnings: list[str] = []
    second = predict("resnet", "birds", warn=warnings.append)
    assert (second.rows, len(trainings)) == (first.rows, 2)
    assert second.provenance.version != first.provenance.version
    (aside,) = (home / "predictors").glob("head-default.damaged-*")
    assert (aside / first.provenance.version / PREDICTIONS).exists()
    (warning,) = warnings
    assert "head-default' is damaged: 'predictions.safetensors' is not what was written." in warning
    assert f"It was moved to '{aside}', and a new one is trained." in warning


def test_a_predictor_of_another_version_is_replaced(trainings: list[Path], save_toy: Save) -> None:
    save_toy(predictor_root(Protocol.HEAD, None), format=99)
    warnings: list[str] = []
    predict("resnet", "birds", warn=warnings.append)
    assert len(trainings) == len(warnings) == 1
    assert "was written by another version. It was moved to" in warnings[0]


def test_a_home_that_cannot_be_written_is_found_out_before_training(
    trainings: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOGRAPH_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    monkeypatch.setenv("ZOOGRAPH_HOME", "/proc/nothing")
    with pytest.raises(StoreError, match="'/proc/nothing' cannot be made"):
        predict("resnet", "birds")
    assert trainings == []


# -- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shipped_home", "hardly_train")
def test_interrupted_training_leaves_nothing_and_a_second_call_works(home: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with RecordStore.open() as store:
        with pytest.raises(KeyboardInterrupt):
            current_predictor(store, Protocol.FINETUNE, progress=interrupt)
        assert load_current(predictor_root(Protocol.FINETUNE, None)) is None
        assert not (home / "predictors").exists()
        artifact = current_predictor(store, Protocol.FINETUNE)
    assert load_current(predictor_root(Protocol.FINETUNE, None)) == artifact
    assert artifact.manifest.num_records == 2254


# -- encoders -------------------------------------------------------------------------------------


def test_an_unknown_encoder_is_found_out_before_training(trainings: list[Path]) -> None:
    with pytest.raises(EncoderError, match="Encoder 'no/such-encoder' must be"):
        predict("resnet", "birds", encoder="no/such-encoder")
    assert trainings == []


def test_the_weights_of_an_encoder_choose_the_predictor(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    encoders = {"one": hash_encoder(4), "the-same": hash_encoder(4), "other": hash_encoder(8)}
    monkeypatch.setattr(listing, "find_encoder", encoders.__getitem__)
    roots = {name: predictor_root(Protocol.HEAD, name) for name in encoders}
    assert roots["one"] == roots["the-same"] == home / "predictors" / f"head-{encoders['one'].digest[:12]}"
    assert roots["one"] != roots["other"]
    default = home / "predictors" / "head-default"
    assert predictor_root(Protocol.HEAD, None) == predictor_root(Protocol.HEAD, listing.DEFAULT_ENCODER) == default


# -- newcomers ------------------------------------------------------------------------------------


@pytest.fixture
def asked(trainings: list[Path], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Pairs that were answered by their cards, all alike."""
    asked: list[tuple[str, str]] = []

    def predict(store: object, artifact: object, models: object, datasets: object, pairs: list, _: object) -> list:
        asked.extend(pairs)
        return [{"mean": 0.5, "lower": 0.25, "upper": 0.75, "baseline": 0.5}] * len(pairs)

    monkeypatch.setattr(restore, "predict_from_cards", predict)
    return asked


def test_a_folder_never_gets_the_answer_of_its_namesake(
    asked: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folder(tmp_path / "pets", "cat/a.png", "dog/b.png")
    monkeypatch.chdir(tmp_path)
    warnings: list[str] = []
    answer = predict("vit", "./pets", domain="photo", warn=warnings.append)
    assert asked == [("vit", str(folder))]
    assert (answer.protocol, answer.rows[0].measured) == (Protocol.HEAD, None)
    assert answer.new == (str(folder),)
    assert warnings == []
    known = predict("vit", "pets", domain="photo", warn=warnings.append)
    assert (known.dataset, known.rows[0].measured, len(asked)) == ("pets", 1.0, 1)
    assert warnings == [
        "'pets' is a known dataset, and a folder here: for the folder, give './pets'.",
        "The domain 'photo' is not used: 'pets' is a known dataset, with a domain of its own.",
    ]


def test_a_model_that_came_after_the_training_is_answered_by_its_card(asked: list[tuple[str, str]]) -> None:
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id="newer", source="mine")])
    assert predict("newer", "birds").mean.predicted == 0.5
    assert asked == [("newer", "birds_1"), ("newer", "birds_2")]


def test_a_score_that_was_measured_since_is_read_without_retraining(
    asked: list[tuple[str, str]], trainings: list[Path]
) -> None:
    predict("resnet", "birds_1")
    assert asked == []
    with RecordStore.open() as store:
        store.add(scores=[Score(source="mine", model="resnet", dataset="birds_1", name="logme", value=0.7)])
    assert predict("vit", "birds_2").mean.predicted != 0.5  # another dataset's table still holds
    assert predict("vit", "birds_1").mean.predicted == 0.5  # a score says something of all its dataset's models
    assert (asked, len(trainings)) == ([("vit", "birds_1")], 1)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("empty", r"'empty' must hold one sub-folder .*\(got no sub-folders\)"),
        ("one", r"'one' must have at least two classes with images \(got only 'cat'\)"),
        ("one/cat/a.png", r"\(got a file\)"),
        ("/nowhere/at/all", r"'/nowhere/at/all' must be a folder .*\(got nothing there\)"),
        ("~nobody-of-this-name/x", r"must be a folder \(got: Could not determine home directory\)"),
        ("/" + "a" * 300, r"must be a folder \(got: File name too long\)"),
    ],
)
def test_a_folder_that_is_no_dataset(
    trainings: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    _folder(tmp_path / "one", "cat/a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageFolderError, match=message):
        predict("resnet", dataset)
    assert trainings == []


@pytest.mark.parametrize("dataset", ["", "no/such", "a" * 300])
def test_a_name_that_nobody_knows(trainings: list[Path], dataset: str) -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset '.*Nearest names: "):
        predict("resnet", dataset)


# -- protocols by name ----------------------------------------------------------------------------


def test_a_protocol_can_be_given_by_its_name(trainings: list[Path]) -> None:
    assert predict("resnet", "pets", "head").protocol is Protocol.HEAD
    assert [root.name for root in trainings] == ["head-default"]


def test_a_wrong_protocol_is_answered_with_the_valid_ones(trainings: list[Path]) -> None:
    with pytest.raises(UnknownName, match=r"Unknown protocol 'haed'\. Nearest names: head\. Valid names: head, "):
        predict("resnet", "pets", "haed")
    assert trainings == []
