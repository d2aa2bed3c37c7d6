"""The reliability diagram: what is drawn where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zoograph.scripts.pictures.reliability import draw_reliability
from zoograph.training.studies.reliability.report import Bin, Group, Reliability, Share

pytest.importorskip("matplotlib")


def test_groups_are_rows_and_bins_are_points(words: Callable[..., Any]) -> None:
    share = Share(value=0.88, lower=0.8, upper=0.93, units="models", num_units=7)
    about = {"num_cells": 10, "coverage": share, "width": 0.1, "worst": None, "below_half": 0, "num_datasets": 1}
    groups = [Group(collection=name, group=g, **about) for g in ("warm", "new model") for name in ("a", "b", "all")]
    bins = [Bin(of=of, count=3, stated=0.1, actual=share) for of in ("best", "regret")]
    figure = draw_reliability(Reliability(groups=groups, bins=bins, reasons={}))
    coverage, best, regret = figure.axes
    said = {text.get_text() for text in words(figure)}
    assert {"85 to 95 %", "one collection", "statements that are alike", "95 % interval"} <= said
    assert [label.get_text() for label in coverage.get_yticklabels()] == ["warm", "new model"]
    for axes in (best, regret):
        assert [tuple(line.get_data()) for line in axes.lines[-1:]] == [([0.1], [0.88])]
        assert axes.get_xlim()[1] > 0.93
