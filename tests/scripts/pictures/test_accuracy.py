"""Pictures of accuracy: what is predicted, how models rank, and which intervals hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zoograph.scripts.pictures.accuracy import Cells, draw_intervals, draw_predicted, draw_ranking
from zoograph.scripts.pictures.style import to_png


def make_cells(method: str = "a") -> Cells:
    measured = np.linspace(0, 1, 50)
    return Cells(method, measured, measured + 0.1, measured + 0.05, measured + 0.15, np.arange(50) % 2)


def test_predicted_says_the_error(words: Callable[..., Any]) -> None:
    texts = [text.get_text() for text in words(draw_predicted([make_cells("a"), make_cells("b")]))]
    assert {"a: MAE 0.1000", "b: MAE 0.1000", "50 accuracies that the method did not know"} <= set(texts)


def test_many_cells_are_counted(words: Callable[..., Any]) -> None:
    cells = make_cells()
    many = Cells("a", *(np.tile(part, 100) for part in cells[1:]))
    assert "pairs (logarithmic)" in [text.get_text() for text in words(draw_predicted([many]))]


@pytest.mark.parametrize("count", [3, 40])
def test_ranking_names_few_datasets_and_sorts_many(words: Callable[..., Any], count: int) -> None:
    ours = {f"d{i}": i / 50 for i in range(count)}
    theirs = {name: value - 0.1 for name, value in ours.items()}
    figure = draw_ranking({"a": ours, "b": theirs}, {"a": 0.5, "b": 0.4}, ceiling=0.9)
    texts = {text.get_text() for text in words(figure)}
    assert {"a, mean 0.500", "b, mean 0.400", "noise ceiling of the mean: 0.900"} <= texts
    for line in figure.axes[0].lines:  # the mean of an oracle is no limit of a dataset
        assert 0.9 not in list(line.get_xdata()) + list(line.get_ydata()) or len(line.get_xdata()) > 2
    assert ({"d0", "d1", "d2"} <= texts) == (count == 3)
    assert ("a ahead on 100 % of 40" in texts) == (count == 40)


def test_ranking_of_one_method_alone() -> None:
    assert len(to_png(draw_ranking({"a": {f"d{i}": i / 50 for i in range(40)}}, {"a": 0.5}))) > 1000


def test_intervals_say_how_many_hold(words: Callable[..., Any]) -> None:
    texts = {text.get_text() for text in words(draw_intervals([make_cells()]))}
    assert "a: 0.0 % inside, mean width 0.100" in texts
    assert {"promised: 90 %", "87 to 93 %; bars: ± 1 standard deviation of the folds"} <= texts
