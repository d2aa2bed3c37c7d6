"""Texts go the way of images: scores, heads, fine-tuning and relatedness of encoders on tables of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import zoograph
from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.stratified import stratified_hold_out
from zoograph.data.testing.tiny_encoders import make_tiny_encoder, write_opinions
from zoograph.training.analysis.relatedness.own_images import rank_on_images
from zoograph.training.analysis.relatedness.relate import QUICK
from zoograph.training.answers.question import ask, choose_kind
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.measure import measure_models, suited
from zoograph.training.measuring.pictures import Augmentation
from zoograph.training.measuring.score import score_models
from zoograph.training.measuring.subject import Subject


@pytest.fixture
def subject(toy_zoo: object, tmp_path: Path) -> Subject:
    return Subject([str(make_tiny_encoder(tmp_path / "tiny"))], str(write_opinions(tmp_path / "opinions.csv", 40)))


def test_scores_are_stored_and_known_again(subject: Subject) -> None:
    report = score_models(subject, ["knn", "parc"])
    assert (report.failures, report.samples) == ((), "texts")
    assert "40 of 40 texts; 2 scores computed, 0 known." in report.notes
    (again,) = score_models(subject, ["knn", "parc"]).pairs
    assert again.num_computed == 0
    assert again.scores == report.pairs[0].scores
    with RecordStore.open() as store:
        card = store.find_cards(datasets=["opinions"])[1][0]
    assert (card.modality, card.labels) == ("text", ("bad", "good"))


def test_heads_and_fine_tuning(subject: Subject) -> None:
    (run,) = measure_models(subject, Protocol.HEAD).runs
    assert (run.dataset, run.train_size, run.test_size) == ("opinions", 28, 12)
    assert run.value == 1.0  # one word tells
    (tuned,) = measure_models(subject, Protocol.FINETUNE, config=FinetuneConfig(max_epochs=1)).runs
    assert tuned.hyperparameters["augmentation"] == "none"
    assert tuned.hyperparameters["head_accuracy"] == 1.0
    assert tuned.value == 1.0


def test_texts_are_not_changed_at_random(subject: Subject) -> None:
    task = subject.open()
    with pytest.raises(ZoographError, match=r"texts are not changed at random \(got '--augment strong'\)"):
        suited(FinetuneConfig(augmentation=Augmentation.STRONG), task)


@pytest.mark.parametrize("labelled", [True, False])
def test_relatedness_of_texts(subject: Subject, tmp_path: Path, labelled: bool) -> None:
    reference = write_opinions(tmp_path / "others.csv", 32)
    report = rank_on_images(subject, str(reference), QUICK, labelled)
    assert (report.failures, report.reference, report.target) == ((), "others", "opinions")
    assert report.models[0].bound.total > 0


def test_each_modality_has_its_own_models(subject: Subject) -> None:
    (failure,) = score_models(Subject(["test_vit"], subject.dataset, weights="random")).failures
    assert (
        "'test_vit.r160_in1k' must read texts to be asked about 'opinions' (got one that reads images)"
        in failure.reason
    )


def test_a_table_is_asked_about_as_most_texts_were_measured(subject: Subject) -> None:
    with RecordStore.open() as store:
        question = ask(store, None, subject.dataset)
        assert (question.dataset, question.modality) == ("opinions", "text")
        assert question.datasets[0].num_samples == 40
        assert choose_kind(store, ["nothing"], modality="text") == (Protocol.HEAD, question.metric)
        card = ask(store, subject.models[0], subject.dataset).models[0]
    assert (card.id, card.modalities) == ("tiny", ("text",))


def test_what_was_measured_of_a_folder_is_known_of_it_afterwards(subject: Subject, tmp_path: Path) -> None:
    (run,) = measure_models(subject, Protocol.HEAD).runs
    assert run.model.startswith("tiny@")
    with RecordStore.open() as store:
        assert ask(store, subject.models[0], subject.dataset).model == run.model
        other = make_tiny_encoder(tmp_path / "other" / "tiny", seed=1)  # the same name, other weights
        assert ask(store, str(other), subject.dataset).model == "tiny"
    (again,) = score_models(subject, ["knn"]).pairs
    assert again.model == run.model


def test_a_reference_of_pictures_is_none_for_texts(subject: Subject, paint_classes: Callable[[Path], Path]) -> None:
    pictures = paint_classes(Path(subject.dataset).parent / "pictures")
    with pytest.raises(ZoographError, match=r"must both be images or both be texts \(got images and texts\)"):
        rank_on_images(subject, str(pictures), QUICK)


def test_what_was_fine_tuned_is_kept_and_as_right_as_it_was(subject: Subject, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    config = FinetuneConfig(max_epochs=1)
    report = zoograph.measure(subject.models, subject.dataset, "finetune", seeds=2, config=config, save_model=folder)
    assert report.saved == str(folder)
    assert f"is in '{folder}': zoograph.load_finetuned reads it." in report.notes[-1]
    kept = zoograph.load_finetuned(folder)
    best = max(report.runs, key=lambda run: run.value)
    assert (kept.classes, kept.about["value"], kept.about["seed"]) == (("bad", "good"), best.value, best.seed)
    task = subject.open()
    held = stratified_hold_out(list(task.labels), 0.3, best.seed).nonzero()[0].tolist()
    said = kept.classify([task.read(row) for row in held])
    right = [word == task.classes[task.labels[row]] for word, row in zip(said, held, strict=True)]
    assert sum(right) / len(right) == pytest.approx(best.value)


def test_only_a_fine_tuned_model_is_kept(subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="Add '--protocol finetune'"):
        zoograph.measure(subject.models, subject.dataset, save_model=tmp_path / "kept")
    with pytest.raises(ZoographError, match="does not go with '--pretrain'"):
        zoograph.measure(
            subject.models, subject.dataset, "finetune", save_model=tmp_path / "kept", pretrain=subject.dataset
        )
