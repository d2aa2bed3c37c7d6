"""Records: a row is what it says, and nothing else decides whether two rows are the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zoograph.data.records.records import Metric, Protocol, Relation, Run, Score

FIELDS: dict[str, Any] = {
    "source": "toy",
    "model": "m",
    "dataset": "d",
    "protocol": "head",
    "value": 0.5,
    "hyperparameters": {"lr": 0.1, "steps": 3},
}


def test_identity_is_a_hash_of_the_content() -> None:
    run = Run.model_validate(FIELDS)
    assert run.identity == "5e10201938adda57a59e7fb4734d0580e01daac46d7545c599e7204debea1646"
    again = Run.model_validate({**FIELDS, "hyperparameters": {"steps": 3, "lr": 0.1}, "metric": "top1"})
    assert again.identity == run.identity  # neither the order of keys nor a default that is spelt out matters


@pytest.mark.parametrize(
    "change",
    [
        {"source": "other"},
        {"model": "n"},
        {"dataset": "e"},
        {"protocol": "finetune"},
        {"metric": "f1"},
        {"value": 0.5000000000000001},
        {"seed": 0},
        {"train_size": 1},
        {"test_size": 1},
        {"hyperparameters": {"lr": 0.1, "steps": 4}},
        {"measured_at": datetime(2024, 1, 1, tzinfo=UTC)},
    ],
)
def test_every_field_is_part_of_the_identity(change: dict[str, Any]) -> None:
    assert Run.model_validate({**FIELDS, **change}).identity != Run.model_validate(FIELDS).identity


def test_score_and_relation_have_an_identity_too() -> None:
    score = Score(source="toy", model="m", dataset="d", name="logme", value=-3.0)
    assert score.identity == Score.model_validate(score.model_dump()).identity
    relation = Relation(source="toy", dataset="d", other="m", name="logme", value=-3.0)
    assert len({score.identity, relation.identity}) == 2


@given(st.floats(0, 1), st.integers(0, 2**31), st.text("abc", min_size=1))
def test_a_run_that_was_written_and_read_is_the_same(value: float, seed: int, model: str) -> None:
    run = Run(source="toy", model=model, dataset="d", protocol=Protocol.HEAD, value=value, seed=seed)
    assert Run.model_validate_json(run.model_dump_json()).identity == run.identity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 1.01}, "less than or equal to 1"),
        ({"value": -0.1}, "greater than or equal to 0"),
        ({"value": float("nan")}, "greater than or equal to 0|finite number"),
        ({"value": float("inf")}, "less than or equal to 1|finite number"),
        ({"value": "20.0 ± 1.2"}, "valid number"),
        ({"protocol": "linear"}, "'head' or 'finetune'"),
        ({"metric": "accuracy"}, "'top1', 'top5', .* or 'r2'"),
        ({"model": ""}, "at least 1 character"),
        ({"model": "a\x00b"}, "should match pattern"),
        ({"test_size": 0}, "greater than or equal to 1"),
        ({"accuracy": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_a_bad_run_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Run.model_validate({**FIELDS, **change})


@given(
    st.one_of(
        st.floats(max_value=0, exclude_max=True),
        st.floats(min_value=1, exclude_min=True),
        st.just(float("nan")),
    )
)
def test_a_value_outside_the_unit_interval_never_gets_in(value: float) -> None:
    with pytest.raises(ValidationError, match="value"):
        Run.model_validate({**FIELDS, "value": value})


def test_infinite_scores_are_refused() -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Score(source="toy", model="m", dataset="d", name="logme", value=float("inf"))


def test_protocols_in_words() -> None:
    assert [protocol.description for protocol in Protocol] == [
        "own head, nothing trained",
        "zero-shot classification",
        "probe on a small sample",
        "retrained head",
        "full fine-tuning",
    ]
    assert Metric.MIOU.description == "mean intersection over union"
    assert all(metric.description for metric in Metric)


def test_minus_nothing_is_nothing() -> None:
    runs = [Run(source="s", model="m", dataset="d", protocol=Protocol.HEAD, value=value) for value in (0.0, -0.0)]
    assert runs[0].identity == runs[1].identity
    scores = [Score(source="s", model="m", dataset="d", name="logme", value=value) for value in (0.0, -0.0)]
    assert scores[0].identity == scores[1].identity
    assert str(scores[1].value) == "0.0"


def test_settings_have_one_form_for_each_number() -> None:
    odd = {"lr": -0.0, "beta": float("nan"), "steps": (1, -0.0), "aug": {7: [float("inf"), "x"]}, "mixup": None}
    plain = {"lr": 0.0, "beta": None, "steps": [1, 0.0], "aug": {"7": [None, "x"]}, "mixup": None}
    run = Run.model_validate({**FIELDS, "hyperparameters": odd})
    assert repr(run.hyperparameters) == repr(plain)
    assert run.identity == Run.model_validate({**FIELDS, "hyperparameters": plain}).identity
