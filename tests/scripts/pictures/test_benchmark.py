"""Pictures of a benchmark: which numbers of a result go into which of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zoograph.scripts.pictures import benchmark as benchmark_figures
from zoograph.scripts.pictures.benchmark import draw_figures
from zoograph.training.evaluation.suites import Result, Suite
from zoograph.training.evaluation.table import PROJECT

pytestmark = pytest.mark.usefixtures("tiny_predictor")
PICTURES = ("predicted", "ranking", "intervals", "matrix")


def test_every_word_can_be_read_in_print(
    words: Callable[..., Any], complete: tuple[Suite, Result], sparse: tuple[Suite, Result]
) -> None:
    for suite, result in (complete, sparse):
        for name, figure in draw_figures(suite, result):
            assert figure.get_figwidth() == 7.0
            small = [text.get_text() for text in words(figure) if text.get_fontsize() < 8]
            assert small == [], name


def test_complete_zoo_shows_given_completed_and_measured(
    complete: tuple[Suite, Result], tiny_predictor: Callable[..., Any]
) -> None:
    suite, result = complete
    tables, models, datasets, residual = benchmark_figures._matrices(suite, result, tiny_predictor())
    (title, given), (_, completed), (_, measured) = tables.items()
    assert title == f"given (seed 0): {100 * float((~suite.folds[0].held_out).float().mean()):.0f} %"
    assert measured.shape == (len(models.names), len(datasets.names)) == (7, 34)
    assert not np.isnan(measured).any()
    assert not np.isnan(completed).any()
    hidden = np.isnan(given)
    assert hidden.sum() == int(suite.folds[0].held_out.sum())
    assert np.array_equal(given[~hidden], measured[~hidden])
    assert np.array_equal(completed[~hidden], measured[~hidden])
    assert not np.allclose(completed[hidden], measured[hidden])
    assert np.array_equal(residual[hidden], (completed - measured)[hidden])
    assert np.isnan(residual[~hidden]).all()
    assert set(datasets.groups) <= set(suite.graph.vocabulary["dataset"])


def test_sparse_zoo_shows_measured_and_completed(
    sparse: tuple[Suite, Result], tiny_predictor: Callable[..., Any]
) -> None:
    suite, result = sparse
    predictor = tiny_predictor().fit(suite.graph)
    tables, *_, residual = benchmark_figures._matrices(suite, result, predictor)
    measured, completed = tables.values()
    hidden = np.isnan(measured)
    assert int((~hidden).sum()) == suite.graph["model", "transfers_to", "dataset"].num_edges
    assert np.array_equal(completed[~hidden], measured[~hidden])
    assert ((completed >= 0) & (completed <= 1)).all()
    assert np.array_equal(np.isnan(residual), hidden)  # measured pairs, each predicted without its own record
    assert np.abs(residual[~hidden]).max() > 0


def test_intervals_are_those_of_known_datasets(complete: tuple[Suite, Result], sparse: tuple[Suite, Result]) -> None:
    suite, result = complete
    cold = sum(int(fold.cold.sum()) for fold in suite.folds)
    cells = [benchmark_figures._cells(suite.graph, result.answers, PROJECT, warm=warm) for warm in (False, True)]
    assert len(cells[0].mean) - len(cells[1].mean) == cold > 0
    assert set(cells[1].fold) == {0, 1}
    assert len(dict(draw_figures(*sparse))) == len(PICTURES)
