"""Explanations: what is known of a pair, read from one look at the store and one predictor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import ClassInfluence, Protocol, Score
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.explain import Missing, _samples_of, explain, list_scores
from zoograph.training.answers.predict import predict
from zoograph.training.versions import restore


@pytest.mark.usefixtures("made_zoo")
def test_there_is_evidence_and_store_and_predictor_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordStore.open() as store:
        model = next(iter(store.names().models))
    read: list[str] = []
    summary, load = RecordStore.summary, restore.load_on
    monkeypatch.setattr(RecordStore, "summary", lambda store: [read.append("store"), summary(store)][1])
    monkeypatch.setattr(restore, "load_on", lambda *given: [read.append("predictor"), load(*given)][1])
    explanation = explain(model, "task_3")
    assert read == ["store", "predictor"]
    why = explanation.evidence
    assert why is not None
    assert [len(part) for part in (why.datasets, why.models, why.records)] == [5, 5, 5]
    # The prediction leaves the pair's own record out, and these effects do not: that is said.
    assert (model, "task_3") in {(record.model, record.dataset) for record in why.records}
    assert any("from all records, that of the pair itself included" in note for note in explanation.notes)


@pytest.mark.usefixtures("made_zoo")
def test_the_prediction_is_that_of_predict_and_the_rest_is_what_was_measured() -> None:
    with RecordStore.open() as store:
        scores = [
            Score(source="t", model=model, dataset="task_3", name="logme", value=value)
            for value, model in enumerate(list(store.snapshot().models)[:3])
        ]
        influence = {"source": "t", "corpus": "task_1", "dataset": "task_3", "name": "influence_correct"}
        help_, harm = (
            ClassInfluence.model_validate({**influence, "label": label, "value": value, "standard_error": error})
            for label, value, error in (("cat", 0.2, 0.01), ("dog", -0.1, None))
        )
        store.add(scores=scores, influences=[help_, harm])
    model = scores[1].model
    explanation = explain(model, "task_3")
    assert explanation.answer.rows == predict(model, "task_3").rows
    (score,) = explanation.scores
    assert (score.name, score.value, score.rank, score.out_of) == ("logme", 1.0, 2, 3)
    assert [(effect.label, effect.standard_error) for effect in explanation.helpful] == [("cat", 0.01), ("dog", None)]
    assert {missing.what for missing in explanation.missing} == {"a bound of the loss", "parameter distance by block"}
    frame = explanation.to_frame()
    assert list(frame) == ["part", "name", "value", "detail"]
    facts = frame.set_index(["part", "name"])
    assert facts.loc[("score", "logme"), "detail"] == "rank 2 of 3"
    assert facts.loc[("prediction", "predicted"), "value"] == explanation.answer.rows[0].predicted
    assert facts.loc[("helpful source class", "cat"), "value"] == 0.2
    assert frame["part"].value_counts()[["similar dataset", "similar model", "effect of a record"]].tolist() == [5] * 3
    assert any("To measure it: zoograph analyze distance" in note for note in explanation.notes)
    assert "<td>logme</td>" in explanation._repr_html_()


@pytest.mark.usefixtures("made_zoo")
def test_scores_that_differ_by_rounding_alone_have_one_rank() -> None:
    with RecordStore.open() as store:
        models = list(store.names().models)[:3]
        values = (2.0, 2.0 + 1e-15, 1.5)
        scores = [
            Score(source="t", model=model, dataset="task_3", name="h_score", value=value)
            for model, value in zip(models, values, strict=True)
        ]
        store.add(scores=scores)
        found = [next(list_scores(store.snapshot(), model, "task_3")) for model in models]
    assert [score.rank for score in found] == [1, 1, 3]


@pytest.mark.usefixtures("toy_zoo")
def test_the_domain_of_a_folder_is_in_the_commands_that_look_at_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").touch()
    commands = [missing.command for missing in explain("resnet", tmp_path / "photos", domain="clip art").missing]
    assert f"zoograph score --models resnet --dataset {tmp_path}/photos --domain 'clip art'" in commands
    assert not any("--domain" in part.command for part in explain("resnet", tmp_path / "photos").missing)


@pytest.mark.usefixtures("toy_zoo")
def test_few_records_have_no_evidence() -> None:
    explanation = explain("resnet", "pets")
    assert explanation.evidence is None
    assert "the additive baseline answers" in explanation.notes[0]
    assert "zoograph score --models resnet --dataset DATA" in [missing.command for missing in explanation.missing]


@pytest.mark.usefixtures("toy_zoo")
def test_what_has_no_images_is_not_what_a_command_is_to_look_at(tmp_path: Path) -> None:
    card = tmp_path / "mine.yaml"
    card.write_text("num_classes: 3\n")
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.jpg").touch()
    assert _samples_of(str(card)) == "DATA"
    assert _samples_of(str(tmp_path / "photos")) == str(tmp_path / "photos")
    (tmp_path / "photos").rename(tmp_path / "my photos")
    assert _samples_of(str(tmp_path / "my photos")) == f"'{tmp_path}/my photos'"


@pytest.mark.usefixtures("toy_zoo")
def test_only_words_that_stand_in_a_command_are_told_apart() -> None:
    explanation = explain("resnet", "pets")
    told = explanation.missing_where
    assert told.startswith("DATA is a folder of its images, with one sub-folder a class; REFERENCE is the dataset to")
    here = replace(explanation, missing=(Missing("scores", "zoograph score --models resnet --dataset ./photos"),))
    assert here.missing_where == ""
    other = replace(explanation, missing=(Missing("a bound", "zoograph relatedness --reference REFERENCE"),))
    assert other.missing_where == "REFERENCE is the dataset to transfer from"


def test_a_family_is_refused_with_its_members(trainings: list[Path]) -> None:
    with pytest.raises(ZoographError, match="'birds' stands for 2 datasets: choose one of birds_1, birds_2"):
        explain("resnet", "birds", Protocol.HEAD)
    assert trainings == []
