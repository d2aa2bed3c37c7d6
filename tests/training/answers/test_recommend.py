import re

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.training.answers.predict import predict
from zoograph.training.answers.recommend import Filters, choose_candidates, recommend

HEAD, FINETUNE = Protocol.HEAD, Protocol.FINETUNE


def chosen(protocol=HEAD, **filters):
    cards, num_unknown_size = choose_candidates(make_toy_zoo(), protocol, Filters(**filters))
    return [card.id for card in cards], num_unknown_size


def test_candidates_have_records_of_the_protocol():
    assert chosen() == (["small", "large", "hub/other"], 0)
    assert chosen(FINETUNE) == (["small"], 0)
    assert chosen(FINETUNE, all_models=True) == (["small", "large", "hub/other"], 0)


def test_the_most_parameters_are_allowed_and_unknown_numbers_are_counted():
    assert chosen(max_params=100) == (["small", "large"], 1)
    assert chosen(max_params=99) == (["small"], 1)
    assert chosen(max_params=99, family="resnet") == (["small"], 0)


def test_a_family_is_named_exactly():
    assert chosen(family="resnet") == (["small", "large"], 0)
    with pytest.raises(
        UnknownName, match=r"Unknown family 'ResNet'\. Nearest names: resnet, vit\. Valid names: resnet, vit\."
    ):
        chosen(family="ResNet")


@pytest.mark.parametrize(
    ("protocol", "filters", "message"),
    [
        (HEAD, {"max_params": 9}, "at most 9 parameters (the smallest, 'small', has 10). Raise --max-params."),
        (HEAD, {"family": "vit", "max_params": 9}, "number of parameters is known. Leave out --max-params."),
        (FINETUNE, {"family": "vit"}, "family 'vit' has a record of a full fine-tuning. Add --all-models, or choose"),
    ],
)
def test_without_candidates_the_filter_to_relax_is_named(protocol, filters, message):
    with pytest.raises(ZoographError, match=re.escape(message)):
        chosen(protocol, **filters)


def test_without_any_record():
    zoo = make_toy_zoo()
    zoo = zoo.with_runs(zoo.runs[zoo.runs["protocol"] == HEAD])
    with pytest.raises(ZoographError, match=r"No model has a record of a full fine-tuning\. Add --all-models, or"):
        choose_candidates(zoo, FINETUNE, Filters())


def test_at_least_one_model_is_asked_for():
    with pytest.raises(ValueError, match=r"'top' must be a positive integer in 'recommend' \(got 0\)"):
        recommend("pets", top=0)


@pytest.mark.usefixtures("large_zoo")
def test_a_zoo_that_is_too_large_for_exact_processes_is_ranked_with_its_evidence(monkeypatch):
    stages, read, snapshot = [], [], RecordStore.snapshot
    monkeypatch.setattr(RecordStore, "snapshot", lambda store: [read.append("store"), snapshot(store)][1])
    answer = recommend("task_3", explain=True, stage=stages.append)
    assert (answer.num_candidates, len(answer.candidates)) == (8, 8)
    predicted = [candidate.predicted for candidate in answer.candidates]
    assert predicted == sorted(predicted, reverse=True)
    assert sum(candidate.probability_best for candidate in answer.candidates) == pytest.approx(1)
    regrets = [candidate.expected_regret_points for candidate in answer.candidates]
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


@pytest.mark.usefixtures("large_zoo")
def test_the_own_record_of_a_pair_counts_in_a_large_zoo_too():
    """Unlike in ``predict``: the ranking moves from the prediction towards the measurement."""
    (candidate,) = [c for c in recommend("task_3").candidates if c.measured is not None][:1]
    alone = predict(candidate.model, "task_3").rows[0].predicted
    assert abs(candidate.predicted - candidate.measured) < abs(alone - candidate.measured)
    assert (candidate.predicted - alone) * (candidate.measured - alone) > 0


@pytest.mark.usefixtures("toy_zoo")
def test_few_records_rank_by_the_additive_baseline():
    answer = recommend("pets", explain=True)
    assert [candidate.model for candidate in answer.candidates] == ["vit", "resnet"]
    assert answer.candidates[0].expected_regret_points < answer.candidates[1].expected_regret_points
    assert answer.explanation is None
    assert "too few records of a full fine-tuning to train a predictor (2 of 20)" in answer.notes[1]


@pytest.mark.usefixtures("large_zoo")
def test_a_ranking_is_a_table_with_a_title_and_notes():
    answer = recommend("task_3", Filters(max_params=10**12), top=3)
    frame = answer.to_frame()
    assert list(frame) == [
        *("rank", "model", "family", "predicted", "lower", "upper", "measured", "measured_runs"),
        *("probability_best", "expected_regret_points", "parameters", "gmacs"),
    ]
    assert frame["rank"].tolist() == [1, 2, 3]
    assert str(frame["parameters"].dtype) == "Int64"
    assert answer.title == "Models for task_3, retrained head: top-1 accuracy"
    assert answer.notes[0].startswith("best: the probability of being the best of 8 candidates.")
    assert answer.title in answer._repr_html_()


@pytest.mark.usefixtures("large_zoo")
def test_newer_records_are_in_the_ranking_and_it_says_so():
    first = recommend("task_3").candidates[0].model
    with RecordStore.open() as store:
        run = Run(source="later", model=first, dataset="task_3", protocol=HEAD, value=0.1)
        assert store.add(runs=[run]) == 1
    answer = recommend("task_3")
    assert (answer.provenance.newer_records, answer.provenance.newer_used) == (1, True)
    assert "1 newer record is in this answer" in answer.notes[2]
