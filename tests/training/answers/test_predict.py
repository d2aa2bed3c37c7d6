"""Predictions: rows and their mean, which records are in them, and answers without a predictor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zoograph import facade
from zoograph.data.collections.tables import write_tables
from zoograph.data.errors import PredictorError, UnknownName, ZoographError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.predict import Row, predict

Pairs = list[tuple[str, str]]


def _add(dataset: str, *values: float, model: str = "vit", batch: str | None = None) -> None:
    runs = [
        Run(source="mine", model=model, dataset=dataset, protocol=Protocol.HEAD, value=value, seed=seed)
        for seed, value in enumerate(values)
    ]
    with RecordStore.open() as store:
        store.add(runs=runs, batch=batch)


def test_a_family_gets_a_row_a_member_and_their_mean(trainings: list[Path]) -> None:
    answer = predict("owner/resnet", "birds")
    assert (answer.model, answer.dataset, answer.protocol) == ("resnet", "birds", Protocol.HEAD)
    first, second = answer.rows
    assert first == Row("birds_1", *(pytest.approx(x, abs=1e-6) for x in (0.0, -0.05, 0.05, 0.9)), 0.5, 1)
    assert second == Row("birds_2", *(pytest.approx(x, abs=1e-6) for x in (0.01, -0.04, 0.06, 0.9)), None, 0)
    mean = answer.mean
    assert (mean.predicted, mean.lower, mean.upper) == pytest.approx((0.005, -0.045, 0.055), abs=1e-6)
    assert (mean.measured, mean.measured_runs, answer.new) == (None, 1, ("birds_2",))


def test_it_is_a_table_with_a_title_and_notes(trainings: list[Path]) -> None:
    answer = predict("resnet", "birds")
    frame = answer.to_frame()
    assert list(frame) == [
        *("dataset", "predicted", "lower", "upper", "linear_regression", "measured", "measured_runs"),
    ]
    assert frame["dataset"].tolist() == ["birds_1", "birds_2"]
    assert frame["measured"].isna().tolist() == [False, True]
    assert answer.title == "resnet on birds, retrained head: top-1 accuracy; mean of 2: 0.005 (-0.045 – 0.055)"
    assert predict("resnet", "birds_1").title == "resnet on birds_1, retrained head: top-1 accuracy"
    source, new, error, baseline, own = answer.notes
    assert source.startswith("Predicts top-1 accuracy (retrained head), learned from 1 records; predictor ")
    assert new == (
        "birds_2 has no record of this kind yet: the answer rests on its card (classes, labels, number of samples, "
        "domain), on scores where there are any, and on datasets like it."
    )
    assert error == (
        "In tests, predictions of datasets that were left out were off by 7 to 16 points on average. Three models "
        "measured there bring that to 2 points."
    )
    assert baseline == "The linear regression is no answer: it is fitted to what cards say, for comparison."
    assert own == (
        "Where the pair was measured, the prediction leaves that record out, and a quarter of all others with it, so "
        "that the two can be compared."
    )
    assert all(text in answer._repr_html_() for text in ("<td>birds_2</td>", answer.title, own))


def test_what_was_measured_of_the_model_there_under_other_protocols_is_said(trainings: list[Path]) -> None:
    assert "Measured under other protocols: full fine-tuning 0.750." in predict("resnet", "pets", Protocol.HEAD).notes
    assert not any("other protocols" in note for note in predict("resnet", "birds").notes)


def test_one_model_is_asked_about() -> None:
    with pytest.raises(TypeError, match=r"'model' must be the name of one model \(got None\)\."):
        predict(None, "pets")  # type: ignore[arg-type]


def test_what_nobody_measured_is_a_number_that_is_missing(trainings: list[Path]) -> None:
    frame = predict("resnet", "birds_2").to_frame()
    assert frame["measured"].dtype == float
    assert frame["measured"].isna().all()


def test_a_protocol_can_be_given_by_its_name(trainings: list[Path]) -> None:
    assert predict("resnet", "pets", "head").protocol is Protocol.HEAD
    assert [root.name for root in trainings] == ["head-default"]


def test_a_wrong_protocol_is_answered_with_the_valid_ones(trainings: list[Path]) -> None:
    with pytest.raises(UnknownName, match=r"Unknown protocol 'haed'\. Nearest names: head\. Valid names: native, "):
        predict("resnet", "pets", "haed")
    assert trainings == []


# -- metrics and modalities -----------------------------------------------------------------------


def _add_segmentations(values: list[float]) -> None:
    runs = [
        Run(source="m", model=model, dataset="pets", protocol=Protocol.HEAD, metric=Metric.MIOU, value=value, seed=seed)
        for seed, value in enumerate(values)
        for model in ("resnet", "vit")
    ]
    with RecordStore.open() as store:
        store.add(runs=runs)


def test_a_dataset_is_answered_in_the_metric_that_it_is_measured_in(toy_zoo: Collection) -> None:
    _add_segmentations([0.2, 0.3, 0.4])
    answer = predict("resnet", "pets")
    assert (answer.protocol, answer.metric) == (Protocol.HEAD, Metric.MIOU)
    assert answer.title == "resnet on pets, retrained head: mean intersection over union"
    assert answer.rows[0].measured == pytest.approx(0.3)
    assert answer.rows[0].predicted == pytest.approx(0.3, abs=0.01)
    other = predict("resnet", "pets", metric="top1")
    assert (other.protocol, other.metric) == (Protocol.FINETUNE, Metric.TOP1)
    assert other.rows[0].measured == 0.75


def test_runs_that_were_ingested_in_a_metric_are_answered_in_it(toy_zoo: Collection, tmp_path: Path) -> None:
    table = tmp_path / "segmentation.csv"
    rows = ("resnet,birds_2,0.3", "vit,birds_2,0.4", "resnet,birds_2,0.5", "vit,birds_2,0.6", "vit,birds_2,0.7")
    table.write_text("\n".join(("model,dataset,miou", *rows)) + "\n")
    report = facade.ingest(table, metric="miou", mapping={"accuracy": "miou"})
    assert report.new == 5
    answer = predict("resnet", "birds_2")
    assert (answer.metric, answer.rows[0].measured) == (Metric.MIOU, pytest.approx(0.4))
    assert "mean intersection over union (retrained head)" in answer.notes[0]


def test_each_metric_has_a_predictor_of_its_own(trainings: list[Path], toy_zoo: Collection) -> None:
    _add_segmentations([0.2])
    assert predict("vit", "pets", "head", metric="miou").provenance.version
    assert [root.name for root in trainings] == ["head-miou-image-default"]
    with pytest.raises(PredictorError, match=r"no record of F1 score \(retrained head\).* Bring records with"):
        predict("vit", "birds_1", "head", metric="f1")
    with pytest.raises(UnknownName, match=r"Unknown metric 'mioo'\. Nearest names: miou\."):
        predict("vit", "pets", metric="mioo")


def test_a_model_is_asked_about_what_it_reads_alone(toy_zoo: Collection) -> None:
    with RecordStore.open() as store:
        store.add(
            models=[ModelCard(id="bert", source="t", modalities=("text",))],
            datasets=[DatasetCard(id="reviews", source="t", modality="text")],
        )
    with pytest.raises(ZoographError, match=r"'bert' must read images .* 'pets' \(got one that reads texts\)"):
        predict("bert", "pets")
    with pytest.raises(ZoographError, match=r"'vit' must read texts .* 'reviews' \(got one that reads images"):
        predict("vit", "reviews")


# -- newer records --------------------------------------------------------------------------------


def test_newer_records_of_the_pair_are_in_its_answer(asked: Pairs) -> None:
    assert predict("vit", "birds_2").provenance.newer_records == 0
    assert asked == []
    _add("birds_2", 1.0, 0.5)
    answer = predict("vit", "birds_2")
    assert asked == [("vit", "birds_2")]
    assert (answer.provenance.newer_records, answer.provenance.newer_used) == (2, True)
    assert (answer.mean.measured, answer.mean.measured_runs) == (0.75, 2)
    assert answer.notes[1] == (
        "2 newer records are in this answer, though the predictor has not learned from them yet: 'zoograph retrain' "
        "does that."
    )


@pytest.mark.parametrize(("model", "dataset"), [("vit", "pets"), ("resnet", "birds_2"), ("resnet", "birds_1")])
def test_newer_records_of_the_model_or_of_the_family_are_in_the_answer(asked: Pairs, model: str, dataset: str) -> None:
    predict("resnet", "birds_1")
    _add("birds_2", 0.5)
    assert predict(model, dataset, "head").provenance.newer_used
    assert asked == [(model, dataset)]


def test_newer_records_of_others_are_not_and_the_answer_says_so(asked: Pairs) -> None:
    before = predict("resnet", "birds_1")
    _add("pets", 0.5)
    answer = predict("resnet", "birds_1")
    assert (asked, answer.rows) == ([], before.rows)
    assert (answer.provenance.newer_records, answer.provenance.newer_used) == (1, False)
    assert answer.notes[1] == (
        "1 newer record of other models and datasets is not in this answer: 'zoograph retrain' brings it in."
    )


def test_what_came_and_was_taken_back_is_no_newer_record(asked: Pairs) -> None:
    predict("vit", "birds_2")
    _add("birds_2", 0.5, batch="mine")
    with RecordStore.open() as store:
        store.undo("mine")
    answer = predict("vit", "birds_2")
    assert (answer.provenance.newer_records, answer.provenance.taken_back, asked) == (0, 0, [])


def test_a_batch_that_was_learned_and_taken_back_is_not_in_the_answer(asked: Pairs) -> None:
    """As many records as before, and yet others: a difference of counts would see nothing."""
    _add("birds_2", 0.5, batch="bad")
    predict("resnet", "birds_1")
    with RecordStore.open() as store:
        store.undo("bad")
    _add("pets", 0.5)
    answer = predict("resnet", "birds_1")
    known = answer.provenance
    assert (known.newer_records, known.taken_back, known.newer_used) == (1, 1, True)
    assert asked == [("resnet", "birds_1")]
    assert "learned from 1 batch that was undone since: 'zoograph retrain' learns without it." in answer.notes[2]


def test_a_model_that_came_after_the_training_is_answered_by_its_card(asked: Pairs) -> None:
    predict("resnet", "birds_1")
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id="newer", source="mine")])
    assert predict("newer", "birds").mean.predicted == 0.5
    assert asked == [("newer", "birds_1"), ("newer", "birds_2")]


def test_a_copy_on_the_hub_names_the_weights_of_timm_until_it_has_records(asked: Pairs) -> None:
    copy = "facebook/deit-tiny-patch16-224"
    predict("resnet", "birds_1")
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id=copy, source="mine")])
    told = [note for note in predict(copy, "birds_1").notes if "'deit_tiny_patch16_224.fb_in1k'" in note]
    assert len(told) == 1
    _add("birds_1", 0.5, model=copy)
    assert not any("deit_tiny_patch16_224.fb_in1k" in note for note in predict(copy, "birds_1").notes)


def test_a_score_that_was_measured_since_is_read_without_retraining(asked: Pairs, trainings: list[Path]) -> None:
    predict("resnet", "birds_1")
    assert asked == []
    with RecordStore.open() as store:
        store.add(scores=[Score(source="mine", model="resnet", dataset="birds_1", name="logme", value=0.7)])
    assert predict("vit", "birds_2").mean.predicted != 0.5  # another dataset's table still holds
    assert predict("vit", "birds_1").mean.predicted == 0.5  # a score says something of all its dataset's models
    assert (asked, len(trainings)) == ([("vit", "birds_1")], 1)


# -- few records ----------------------------------------------------------------------------------


def test_too_few_records_for_a_predictor_are_answered_by_the_additive_baseline(toy_zoo: Collection, home: Path) -> None:
    """Two records, of which the pair's own is not used: the other says 1, and nothing narrow can be promised."""
    answer = predict("resnet", "pets")
    assert answer.rows == (Row("pets", pytest.approx(0.9995, abs=1e-3), 0.0, 1.0, None, 0.75, 1),)
    assert answer.notes[0] == (
        "There are too few records of top-1 accuracy (full fine-tuning) to train a predictor (2 of 20): the additive "
        "baseline answers, a model effect plus a dataset effect."
    )
    assert not (home / "predictors").exists()
    assert answer.to_frame()["linear_regression"].isna().all()


def test_without_any_other_record_there_is_nothing_to_answer(toy_zoo: Collection) -> None:
    with pytest.raises(PredictorError, match=r"The only record is that of 'resnet' on 'birds_1' itself"):
        predict("resnet", "birds_1", "head")
    assert predict("vit", "birds_1", "head").rows[0].predicted == pytest.approx(0.5)


def test_without_any_record_of_the_protocol_the_next_step_is_named(
    toy_zoo: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tables(replace(toy_zoo, runs=toy_zoo.runs[1:]), tmp_path)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tmp_path)
    message = (
        r"no record of top-1 accuracy \(retrained head\) on images to predict from\. "
        r".*'zoograph measure --protocol head', or .*'zoograph ingest'.* Records on images are of: finetune top1\.$"
    )
    with pytest.raises(PredictorError, match=message):
        predict("resnet", "birds_1", "head")


# -- what is being done ---------------------------------------------------------------------------


def test_a_folder_says_what_is_being_done(asked: Pairs, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "a.png").touch()
    stages: list[str] = []
    predict("vit", str(tmp_path / "photos"), stage=stages.append)
    assert list(dict.fromkeys(stages)) == [
        *("Counting the images", "Reading the store", "Training a predictor, once", "Loading the libraries"),
        *("Loading the predictor", "Predicting"),
    ]
