"""The predictor of a question: trained once, replaced if damaged, and loaded only where it is needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zoograph.data.errors import EncoderError, StoreError
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.training.answers.current import current_predictor
from zoograph.training.answers.current.current_predictor import open_predictor
from zoograph.training.answers.current.source import Source
from zoograph.training.answers.predict import predict
from zoograph.training.answers.question import ask
from zoograph.training.versions import listing, restore
from zoograph.training.versions.artifact import PREDICTIONS, Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current

Save = Callable[..., Artifact]


def test_a_predictor_is_trained_once_for_each_protocol(trainings: list[Path], home: Path) -> None:
    assert predict("resnet", "birds_1").provenance.version == predict("resnet", "birds_2").provenance.version
    assert predict("resnet", "pets").protocol is Protocol.FINETUNE  # as most of its runs
    assert predict("resnet", "pets", Protocol.HEAD).protocol is Protocol.HEAD
    assert [root.name for root in trainings] == ["head-default", "finetune-default"]
    assert {path.name for path in (home / "predictors").iterdir()} == {"head-default", "finetune-default"}


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(59, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (86_400, "1 day ago"), (-5, "just now")],
)
def test_age_in_words(toy_zoo: Collection, save_toy: Save, seconds: int, age: str) -> None:
    created = datetime.now(UTC) - timedelta(seconds=seconds + 0.5)
    with RecordStore.open() as store:
        save_toy(predictor_root(Protocol.HEAD, None), created_at=created, revision=store.revision)
    assert predict("vit", "birds").provenance.age == age


@pytest.mark.parametrize("dataset", ["birds_1", "birds"])
def test_store_and_predictor_are_read_once_and_a_saved_answer_needs_neither(
    trainings: list[Path], monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    read: list[str] = []
    summary = RecordStore.summary
    monkeypatch.setattr(RecordStore, "summary", lambda store: [read.append("store"), summary(store)][1])
    monkeypatch.setattr(restore, "load_on", lambda *_: [read.append("predictor"), (None, None, None)][1])
    with RecordStore.open() as store:
        question = ask(store, "vit", dataset, Protocol.HEAD)
        open_predictor(Source(store), question)
        read.clear()
        current = open_predictor(Source(store), question)
        current.predict()
        assert read == []
        _ = current._trained, current.zoo, current._trained, current.measured_on()
    assert read == ["store", "predictor"]


def test_a_store_with_twenty_measured_pairs_is_trained_on(
    trainings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoograph.training.predictors import evidence

    monkeypatch.setattr(evidence, "MINIMUM_RECORDS", 2)
    assert predict("resnet", "birds_1", "finetune").provenance.version
    assert predict("vit", "birds_1", "head").provenance.version == ""
    assert len(trainings) == 1


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
    assert f"It was moved to '{aside}', and another one takes its place." in warning


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


@pytest.mark.usefixtures("shipped_home", "hardly_train")
def test_interrupted_training_leaves_nothing_and_a_second_call_works(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with RecordStore.open() as store:
        question = ask(store, "resnet50", "caltech101", Protocol.FINETUNE)
        with monkeypatch.context() as patched:
            patched.setattr(current_predictor, "take_shipped", lambda *_: None)  # as if none shipped
            with pytest.raises(KeyboardInterrupt):
                open_predictor(Source(store), question, progress=interrupt)
        assert load_current(predictor_root(Protocol.FINETUNE, None)) is None
        assert not (home / "predictors").exists()
        artifact = open_predictor(Source(store), question).artifact
        assert artifact is not None
        assert load_current(predictor_root(Protocol.FINETUNE, None)) == artifact
        assert artifact.manifest.num_records == store.count_runs(Protocol.FINETUNE, modality="image") > 2_000


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
