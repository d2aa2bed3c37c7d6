from dataclasses import replace

import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.answers import expected_regret
from zoograph.training.answers.current.source import KeptParts, Source
from zoograph.training.answers.predict import predict
from zoograph.training.answers.recommend import recommend
from zoograph.training.candidates.filters import Filters

HEAD = Protocol.HEAD


def test_a_number_of_models_is_asked_for():
    with pytest.raises(ValueError, match=r"'top' must be a number of models, 0 for all, in 'recommend' \(got -1\)"):
        recommend("pets", top=-1)


@pytest.mark.usefixtures("made_zoo")
def test_a_zoo_is_ranked_with_its_evidence(monkeypatch):
    stages, read, summary = [], [], RecordStore.summary
    monkeypatch.setattr(RecordStore, "summary", lambda store: [read.append("store"), summary(store)][1])
    answer = recommend("task_3", explain=True, stage=stages.append)
    assert (answer.num_candidates, len(answer.candidates)) == (8, 8)
    predicted = [candidate.predicted for candidate in answer.candidates]
    assert predicted == sorted(predicted, reverse=True)
    assert sum(candidate.best for candidate in answer.candidates) == pytest.approx(1)
    regrets = [candidate.regret for candidate in answer.candidates]
    assert regrets == sorted(regrets)
    assert all(candidate.lower <= candidate.predicted <= candidate.upper for candidate in answer.candidates)
    why = answer.explanation
    assert why.model == answer.candidates[0].model
    assert [len(part) for part in (why.datasets, why.models, why.records)] == [5, 5, 5]
    assert read == ["store"]
    assert stages == [
        *("Reading the store", "Loading the libraries", "Loading the predictor", "Weighing the records"),
        "Looking for what the prediction rests on",
    ]


@pytest.mark.usefixtures("made_zoo")
@pytest.mark.parametrize("dataset", ["task_3", DatasetCard(id="new", labels=("a", "b"), num_samples=90, source="me")])
def test_what_is_expected_of_a_model_does_not_depend_on_what_else_is_asked(dataset):
    def columns(answer):
        return {each.model: [each.predicted, each.lower, each.upper] for each in answer.everyone}

    alone = columns(recommend(dataset, protocol="head"))
    with RecordStore.open(to_read=True, keep=True) as store:
        source = Source(store, KeptParts())
        other = DatasetCard(id="other", labels=("b", "c"), num_samples=70, source="me")
        recommend(other, protocol="head", source=source)
        assert columns(recommend(dataset, protocol="head", source=source)) == alone
        assert columns(recommend(other, protocol="head", source=source)) == columns(recommend(other, protocol="head"))
        names = tuple(alone)[2:4]
        few = columns(recommend(dataset, Filters(models=names), protocol="head", source=source))
        assert few == {name: pytest.approx(alone[name], abs=1e-9) for name in names}


@pytest.mark.usefixtures("made_zoo")
def test_models_that_are_expected_to_do_the_same_are_in_the_order_of_their_names(monkeypatch):
    """Not in one that the last bits make."""
    first = recommend("task_3")
    weigh = expected_regret.weigh_models

    def nearly_the_same(joint):
        found = weigh(joint)
        noise = 1e-13 * torch.tensor([3.0, 1, 2, 5, 4, 8, 7, 6], dtype=torch.float64)
        return found._replace(expected_regret=torch.full_like(found.expected_regret, 0.1) + noise)

    monkeypatch.setattr(expected_regret, "weigh_models", nearly_the_same)
    names = [candidate.model for candidate in recommend("task_3").everyone]
    assert names == sorted(candidate.model for candidate in first.everyone)


@pytest.mark.usefixtures("made_zoo")
def test_the_own_record_of_a_pair_counts():
    """Unlike in ``predict``: the ranking moves from the prediction towards the measurement."""
    (candidate,) = [c for c in recommend("task_3").candidates if c.measured is not None][:1]
    alone = predict(candidate.model, "task_3").rows[0].predicted
    assert abs(candidate.predicted - candidate.measured) < abs(alone - candidate.measured)
    assert (candidate.predicted - alone) * (candidate.measured - alone) > 0


@pytest.mark.usefixtures("toy_zoo")
def test_few_records_rank_by_the_additive_baseline():
    answer = recommend("pets", explain=True)
    assert [candidate.model for candidate in answer.candidates] == ["vit", "resnet"]
    assert answer.candidates[0].regret < answer.candidates[1].regret
    assert answer.explanation is None
    assert "too few records of top-1 accuracy (full fine-tuning) to train a predictor (2 of 20)" in " ".join(
        answer.notes
    )


@pytest.mark.usefixtures("made_zoo")
def test_a_ranking_is_a_table_with_a_title_and_notes():
    answer = recommend("task_3", Filters(max_params=10**12), top=3)
    frame = answer.to_frame()
    assert list(frame) == [
        *("rank", "model", "family", "predicted", "lower", "upper", "best", "regret", "cost", "front", "utility"),
        *("measured", "measured_runs", "parameters", "gmacs", "input_size", "licence", "twins"),
    ]
    assert frame["rank"].tolist() == [1, 2, 3]
    assert str(frame["parameters"].dtype) == "Int64"
    assert answer.title == "Models for task_3, retrained head: top-1 accuracy"
    assert answer.notes[0].startswith("best: the probability of being the best of 8 candidates.")
    assert answer.title in answer._repr_html_()


@pytest.mark.usefixtures("made_zoo")
def test_newer_records_are_in_the_ranking_and_it_says_so():
    first = recommend("task_3").candidates[0].model
    with RecordStore.open() as store:
        run = Run(source="later", model=first, dataset="task_3", protocol=HEAD, value=0.1)
        assert store.add(runs=[run]) == 1
    answer = recommend("task_3")
    assert (answer.provenance.newer_records, answer.provenance.newer_used) == (1, True)
    assert "1 newer record is in this answer" in " ".join(answer.notes)


@pytest.mark.usefixtures("toy_zoo")
def test_models_are_ranked_for_what_they_read_by_what_was_measured_there():
    texts = [ModelCard(id=name, source="t", modalities=("text",)) for name in ("bert", "gpt")]
    runs = [
        *(Run(source="t", model=card.id, dataset="reviews", protocol=HEAD, value=0.9) for card in texts),
        *(
            Run(source="t", model=model, dataset="birds_2", protocol=HEAD, metric=Metric.MIOU, value=value)
            for model, value in (("resnet", 0.4), ("vit", 0.2))
        ),
    ]
    with RecordStore.open() as store:
        store.add(models=texts, datasets=[DatasetCard(id="reviews", source="t", modality="text")], runs=runs)
    assert {candidate.model for candidate in recommend("reviews").candidates} == {"bert", "gpt"}
    answer = recommend("birds_2", Filters())
    assert answer.title == "Models for birds_2, retrained head: mean intersection over union"
    assert [(candidate.model, candidate.measured) for candidate in answer.candidates] == [("resnet", 0.4), ("vit", 0.2)]
    assert {
        candidate.model for candidate in recommend("birds_1", Filters(measured_only=True), metric="top1").candidates
    } == {"resnet"}


@pytest.mark.usefixtures("toy_zoo")
def test_near_copies_are_one_row_that_says_so():
    lineage = (Lineage(kind=LineageKind.FINE_TUNED, model="vit"),)
    uploads = [ModelCard(id=f"me/{k}", source="transfergraph", derived_from=lineage) for k in range(3)]
    runs = [Run(source="t", model=card.id, dataset="pets", protocol=Protocol.FINETUNE, value=0.9) for card in uploads]
    with RecordStore.open() as store:
        store.add(models=uploads, runs=runs)
    answer = recommend("pets")
    assert {candidate.model: len(candidate.twins) for candidate in answer.candidates} == {"vit": 3, "resnet": 0}
    assert answer.notes[-1] == "3 uploads and near-twins of candidates are left out; --all-variants compares them too."
    assert len(recommend("pets", Filters(all_variants=True)).candidates) == 5


def test_what_measured_values_were_stored_with_is_said(toy_zoo):
    said = "Nothing is known of 'scratch': no test image is of it."
    fields = {"source": "s", "dataset": "pets", "protocol": "finetune"}
    with RecordStore.open() as store:
        store.add(runs=[Run(**fields, model="vit", value=0.9, hyperparameters={"warnings": [said]})])
    assert recommend("pets").cautions == (f"vit: Measured on 'pets': {said}",)
    assert f"vit: Measured on 'pets': {said}" in recommend("pets").notes
    assert recommend("birds_1").cautions == ()


def test_a_dataset_of_few_known_models_says_how_many(made_zoo):
    assert "Records of this kind are known here" in " ".join(recommend("task_3").notes)
    few = replace(recommend("task_3"), num_known=(1,))
    assert "Only 1 model has a record of this kind here." in " ".join(few.notes)
