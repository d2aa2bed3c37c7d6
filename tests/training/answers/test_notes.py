import pytest

from zoograph.data.records.records import Metric, Protocol
from zoograph.training.answers.current_predictor import Provenance
from zoograph.training.answers.notes import describe_new, describe_source


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
            ["The predictor learned from 1 batch that was taken back since: 'zoograph retrain' forgets it."],
        ),
        (
            {"taken_back": 2},
            ["The predictor learned from 2 batches that were taken back since: 'zoograph retrain' forgets them."],
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


def test_what_is_known_by_its_card():
    assert describe_new([]) == []
    assert describe_new(["a"]) == ["Known by its card alone: a."]
    assert describe_new(["a", "b"]) == ["Known by their cards alone: a, b."]
