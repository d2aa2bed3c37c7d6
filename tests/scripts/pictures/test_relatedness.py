"""Pictures of task-relatedness: the parts of the bound beside the loss, and correlation by share of data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoograph.scripts.pictures.relatedness import draw_parts, draw_shares
from zoograph.training.studies.relatedness.report import Correlations, TargetParts


def test_parts_are_stacked_beside_the_loss() -> None:
    parts = [TargetParts("thin", 1.0, 0.5, 0.25, 1.1), TargetParts("print", 0.5, 0.125, 0.25, 0.75)]
    (axes,) = draw_parts(parts).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["print", "thin"]  # by their loss
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 0.5), (0, 1.0), (0.5, 0.125), (1.0, 0.5), (0.625, 0.25), (1.5, 0.25)]
    assert axes.collections[0].get_offsets()[:, 0].tolist() == [0.75, 1.1]


def test_shares_have_a_line_for_each_score(words: Callable[..., Any]) -> None:
    rows = [
        Correlations(
            score=name, share=share, models=value, models_error=0.1, models_kendall=0.2, targets=0.3, finetuned=-0.25
        )
        for share in (0.01, 1.0)
        for name, value in (("relatedness", 0.625), ("logme", 0.5))
    ]
    figure = draw_shares(rows, {0.01: 8.0, 1.0: 800.0})
    over_models = figure.axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in over_models.lines[:2]}
    assert drawn == {"relatedness": [0.625, 0.625], "logme": [0.5, 0.5]}
    assert len({(line.get_color(), line.get_marker()) for line in over_models.lines[:2]}) == 2
    assert {"relatedness", "logme", "over models of a target"} <= {text.get_text() for text in words(figure)}
