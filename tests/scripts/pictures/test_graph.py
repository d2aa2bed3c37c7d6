"""Pictures of a graph: the matrix of accuracies and the map of embeddings."""

from __future__ import annotations

import numpy as np

from zoograph.scripts.pictures.graph import Axis, Places, draw_map, draw_matrix


def test_matrix_is_ordered_by_group_and_mean_and_hides_what_is_missing() -> None:
    measured = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.7]])
    given = measured.copy()
    given[0, 1] = np.nan
    models = Axis("model", ["low", "high"], ["", ""])
    datasets = Axis("dataset", ["s1", "p1", "s2"], ["sketch", "photo", "sketch"])
    figure = draw_matrix({"given": given, "measured": measured}, models, datasets)
    left, right = figure.axes[:2]
    assert right.images[0].get_array().tolist() == [[0.8, 0.9], [0.7, 0.5], [0.2, 0.1]]
    assert left.images[0].get_array().mask.tolist() == [[False, True], [False, False], [False, False]]
    assert [text.get_text() for text in left.get_xticklabels()] == ["high", "low"]
    assert [text.get_text() for text in left.get_yticklabels()] == ["p1", "s2", "s1"]
    assert any(patch.get_hatch() for patch in left.patches)


def test_names_on_the_map_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    names = [f"owner/a model with a long name {i}" for i in range(60)]
    figure = draw_map([Places("models", names, rng.normal(size=(60, 2)), [f"g{i % 9}" for i in range(60)])])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 5 < len(boxes) < 60
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(shown) == 7
    assert shown[-1] == "other or not known"
    assert all(not text.get_text().startswith("owner") and len(text.get_text()) <= 26 for text in axes.texts)
