"""Questions as clients send them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zoograph.data.records.pretraining import Objective
from zoograph.scripts.serving.questions import DescribedDataset, Limited, RecommendQuestion
from zoograph.training.candidates.filters import Filters
from zoograph.training.candidates.trade_off import Cost, TradeOff


def test_a_question_becomes_what_the_python_face_takes() -> None:
    question = RecommendQuestion.model_validate(
        {
            "dataset": "pets",
            "filters": {"max_params": 5, "licence": ["mit"], "objective": ["distilled"]},
            "cost": "time",
            "utility": 0.5,
        }
    )
    assert question.filters.as_filters() == Filters(max_params=5, licence=("mit",), objective=(Objective.DISTILLED,))
    assert question.as_trade_off() == TradeOff(Cost.TIME, 0.5, "rtx_4090_amp")
    assert Limited().as_filters() == Filters()


def test_labels_say_the_number_of_classes() -> None:
    card = DescribedDataset(labels=("a", "b")).as_card()
    assert (card.id, card.num_classes, card.labels) == ("described dataset", 2, ("a", "b"))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "give one of 'dataset', 'card' and 'folder' \\(got none\\)"),
        ({"dataset": "a", "folder": "b"}, "got dataset, folder"),
        ({"dataset": "a", "device": "here"}, "'device' must be a named device"),
        ({"card": {"labels": ["a"], "num_classes": 2}}, "contradicts itself"),
        ({"card": {"labels": ["a"] * 2}}, "must be distinct"),
        ({"card": {"labels": [str(number) for number in range(2_001)]}}, "at most 2000"),
        ({"card": {"path": "/etc"}}, "Extra inputs"),
        ({"card": {"samples_per_class": float("inf")}}, "finite"),
        ({"dataset": "a\x00b"}, "pattern"),
        ({"dataset": "a" * 301}, "at most 300"),
        ({"dataset": "a", "top": -1}, "greater than or equal to 0"),
        ({"dataset": "a", "filters": {"models": ["a"] * 201}}, "at most 200"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        RecommendQuestion.model_validate(given)
