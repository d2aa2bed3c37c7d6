"""Pictures of influence: the classes at both ends, and accuracy after removals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zoograph.scripts.pictures.influence import draw_curves, draw_extremes
from zoograph.training.analysis.influence.counterfactuals import Point
from zoograph.training.studies.influence.report import InfluenceStudyReport, PairReport, PlantedReport

SOURCE, TARGET = "glyph_corpus_latin", "glyph_thin_b2_50"


@pytest.fixture
def report() -> InfluenceStudyReport:
    labels = [f"latin capital letter {letter}" for letter in "abcdefghijklmn"]
    influences = [
        {"corpus": SOURCE, "dataset": TARGET, "name": "influence_correct", "label": label, "value": place / 100}
        | {"standard_error": 0.01, "source": "t", "num_models": 8}
        for place, label in enumerate(labels)
    ]
    curve = [Point(way="nothing", removed=0, mean=0.5, low=0.4, high=0.6, models=2)] + [
        Point(way=way, removed=removed, mean=mean, low=mean - 0.1, high=mean + 0.1, models=2)
        for removed in (2, 4)
        for way, mean in (("top", 0.3), ("bottom", 0.6), ("random", 0.45))
    ]
    pair = PairReport.model_construct(source=SOURCE, target=TARGET, reliability={"correct": 0.5}, curve=curve)
    return InfluenceStudyReport.model_construct(
        pairs=[pair], planted=PlantedReport.model_construct(), influences=influences, right_order={}, changes=[]
    )


def test_both_ends_are_shown_with_their_points(report: InfluenceStudyReport, words: Callable[..., Any]) -> None:
    texts = [text.get_text() for text in words(draw_extremes(report))]
    assert "+13.0\n±1.0" in texts
    assert "+0.0\n±1.0" in texts
    assert "+7.0\n±1.0" not in texts  # in the middle
    assert "…" in texts


def test_curves_begin_with_nothing_removed(report: InfluenceStudyReport, words: Callable[..., Any]) -> None:
    figure = draw_curves(report)
    assert "band: lowest to highest run" in [text.get_text() for text in words(figure)]
    (axes,) = figure.axes
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert [0.5, 0.3, 0.3] in drawn
    assert [0.5, 0.6, 0.6] in drawn
