import pytest

from zoograph.data.records.records import Metric, Protocol
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.notes import describe_basis, describe_source, format_chance


def known(**fields):
    given = {
        "version": "v1",
        "created_at": "2024-01-01T00:00:00+00:00",
        "age": "1 day ago",
        "records": 2700,
        "newer_records": 0,
        "newer_used": False,
        "taken_back": 0,
        "encoder": "mini",
    }
    return Provenance(**{**given, **fields})


SOURCE = "Predicts top-1 accuracy (retrained head), learned from 2,700 records; predictor v1, trained 1 day ago."


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({}, []),
        (
            {"newer_records": 1, "newer_used": True},
            [
                "1 newer record is in this answer, though the predictor has not learned from it yet: "
                "'zoograph retrain' does that."
            ],
        ),
        (
            {"newer_records": 1200, "newer_used": True},
            [
                "1,200 newer records are in this answer, though the predictor has not learned from them yet: "
                "'zoograph retrain' does that."
            ],
        ),
        (
            {"newer_records": 1},
            ["1 newer record of other models and datasets is not in this answer: 'zoograph retrain' brings it in."],
        ),
        (
            {"newer_records": 2},
            ["2 newer records of other models and datasets are not in this answer: 'zoograph retrain' brings them in."],
        ),
        (
            {"taken_back": 1},
            ["The predictor learned from 1 batch that was undone since: 'zoograph retrain' learns without it."],
        ),
        (
            {"taken_back": 2},
            ["The predictor learned from 2 batches that were undone since: 'zoograph retrain' learns without them."],
        ),
    ],
)
def test_what_is_in_the_answer(fields, more):
    assert describe_source(known(**fields), Protocol.HEAD, Metric.TOP1) == [SOURCE, *more]


def test_what_answers_for_few_records():
    (note,) = describe_source(known(version="", records=7), Protocol.FINETUNE, Metric.MIOU)
    assert note.startswith(
        "There are too few records of mean intersection over union (full fine-tuning) to train a predictor (7 of 20): "
    )


def test_an_answer_says_what_it_rests_on_and_how_far_such_answers_were_off():
    assert describe_basis([], [], "image") == [
        "Records of this kind are known here. Where three models of a dataset were, predictions in tests were off by 2 "
        "points on average; where fewer were, by more."
    ]
    assert describe_basis(["m"], [], "text") == [
        "m has no record of this kind yet: the answer rests on its card (size, pre-training, architecture), on "
        "scores where there are any, and on models like it.",
        "In tests, predictions of models that were left out were off by 5 points on average.",
    ]
    model, datasets, error = describe_basis(["m"], ["a", "b"], "image")
    assert model.startswith("m has no record")
    assert datasets == (
        "a, b have no record of this kind yet: the answer rests on their cards (classes, labels, number of samples, "
        "domain), on scores where there are any, and on datasets like them."
    )
    assert error == (
        "In tests, predictions of datasets that were left out were off by 7 to 16 points on average. Three models "
        "measured there bring that to 2 points."
    )


def test_few_known_models_are_counted():
    errors = "In tests, predictions were off by 2 points on average where three had one, and by 7 to 16 points where"
    assert describe_basis([], [], "image", [3, 5]) == describe_basis([], [], "image")
    assert describe_basis([], [], "image", [1]) == [f"Only 1 model has a record of this kind here. {errors} none had."]
    (few,) = describe_basis([], [], "image", [7, 2], "other model")
    assert few.startswith("Only 2 other models have a record of this kind on some of these datasets. In tests,")
    new, few = describe_basis(["m"], [], "image", [0], "other model")
    assert new.startswith("m has no record")
    assert few.startswith("No other model has a record of this kind here. In tests,")
    assert describe_basis([], ["a"], "image", [0]) == describe_basis([], ["a"], "image")
    assert describe_basis([], [], "audio", [1]) == []


def test_a_modality_that_was_not_tested_has_no_error():
    assert describe_basis([], [], "audio") == []


def test_probabilities_near_the_ends() -> None:
    assert [format_chance(value) for value in (0.001, 0.005, 0.5, 0.995, 0.996)] == [
        "<1 %",
        "<1 %",
        "50 %",
        ">99 %",
        ">99 %",
    ]
