"""Picture of a graph: the matrix of accuracies."""

from __future__ import annotations

import numpy as np

from zoograph.scripts.pictures.graph import Axis, draw_matrix


def test_matrix_is_ordered_by_group_and_mean_and_hides_what_is_missing() -> None:
    measured = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.7]])
    given = measured.copy()
    given[0, 1] = np.nan
    models = Axis("model", ["low", "high"], ["", ""])
    datasets = Axis("dataset", ["s1", "p1", "s2"], ["sketch", "photo", "sketch"])
    residual = np.where(np.isnan(given), 0.25, np.nan)
    figure = draw_matrix({"given": given, "measured": measured}, models, datasets, residual)
    left, right, errors = figure.axes[:3]
    assert errors.get_title() == "predicted − measured"
    assert errors.images[0].get_array().tolist() == [[None, 0.25], [None, None], [None, None]]
    assert errors.images[0].get_clim() == (-0.25, 0.25)
    assert left.images[0].get_clim() == (0.0, 1.0)
    assert right.images[0].get_array().tolist() == [[0.8, 0.9], [0.7, 0.5], [0.2, 0.1]]
    assert left.images[0].get_array().mask.tolist() == [[False, True], [False, False], [False, False]]
    assert [text.get_text() for text in left.get_xticklabels()] == ["high", "low"]
    assert [text.get_text() for text in left.get_yticklabels()] == ["p1", "s2", "s1"]
    assert any(patch.get_hatch() for patch in left.patches)
