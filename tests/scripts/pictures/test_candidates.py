"""The picture of a ranking: which points are named, and that what is not drawn is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.pictures.candidates import draw_candidates, spread
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.recommend import Candidate, CountedCost, Recommendation
from zoograph.training.candidates.trade_off import Cost


def _candidate(name: str, predicted: float, cost: float | None, front: bool) -> Candidate:
    numbers = (predicted, predicted - 0.1, predicted + 0.05, 0.1, 1.0, cost, front, predicted, None, 0)
    return Candidate(name, None, *numbers, None, cost, 224, None)


def _answer(*candidates: Candidate) -> Recommendation:
    return Recommendation(
        dataset="birds",
        tasks=("birds_1",),
        protocol=Protocol.HEAD,
        metric=Metric.TOP1,
        modality="image",
        provenance=Provenance("v1", "2024", "just now", 100, 0, False, 0, "hash"),
        cost=CountedCost(Cost.GMACS, "GMACs"),
        weight=1.0,
        candidates=candidates[:1],
        everyone=candidates,
        steps=(),
        num_hidden=0,
        unranked=(),
        num_known=(3,),
        explanation=None,
    )


def test_the_front_is_named_and_the_rest_is_counted(words: Callable[[Any], list[Any]]) -> None:
    answer = _answer(
        _candidate("big", 0.8, 10.0, True),
        _candidate("tiny", 0.6, 1.0, True),
        _candidate("beaten", 0.5, 5.0, False),
        _candidate("closed", 0.9, None, False),
    )
    figure = draw_candidates(answer)
    found = "\n".join(text.get_text() for text in words(figure))
    assert " 1  tiny  0.600  0.50 – 0.65\n 2  big   0.800  0.70 – 0.85" in found
    assert "1 candidate of unknown cost is not drawn." in found
    assert "GMACs, logarithmic" in found
    assert "other candidates (1)" in found
    assert "expected top-1 accuracy (starts at 0.4" in found
    assert "beaten" not in found


def test_costs_are_plain_numbers_on_the_axis(words: Callable[[Any], list[Any]]) -> None:
    near = draw_candidates(_answer(_candidate("big", 0.8, 13.0, True), _candidate("tiny", 0.6, 0.4, True)))
    far = draw_candidates(_answer(_candidate("big", 0.8, 2000.0, True), _candidate("tiny", 0.6, 0.4, True)))
    found = [{label.get_text() for label in figure.axes[0].get_xticklabels()} for figure in (near, far)]
    assert {"0.5", "1", "2", "5", "10"} <= found[0]
    assert {"1", "10", "100", "1,000"} <= found[1]
    assert "5" not in found[1]


def test_without_any_cost_there_is_a_picture_too(words: Callable[[Any], list[Any]]) -> None:
    assert words(draw_candidates(_answer(_candidate("closed", 0.9, None, False))))


def test_names_that_would_lie_on_each_other_are_left_out() -> None:
    front = [_candidate(f"m{i}", 0.5 + i / 1000, 10.0 ** (i / 50), True) for i in range(101)]
    chosen = spread(front, 5)
    assert [c.model for c in chosen] == ["m0", "m25", "m50", "m75", "m100"]
    assert spread(front[:2], 5) == front[:2]
