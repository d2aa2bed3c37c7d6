"""Pictures of a benchmark: which numbers of a result go into which of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zoograph.models.gp.deep_kernel import KernelConfig
from zoograph.scripts.pictures import benchmark as benchmark_figures
from zoograph.scripts.pictures.benchmark import draw_figures
from zoograph.training.evaluation.suites import Result, Suite
from zoograph.training.evaluation.table import PROJECT
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig

pytestmark = pytest.mark.usefixtures("tiny_predictor")
PICTURES = ("predicted", "ranking", "intervals", "matrix", "map")


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
    tables, models, datasets = benchmark_figures._matrices(suite, result, tiny_predictor())
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
    assert set(datasets.groups) <= set(suite.graph.vocabulary["dataset"])


def test_sparse_zoo_shows_measured_and_completed(
    sparse: tuple[Suite, Result], tiny_predictor: Callable[..., Any]
) -> None:
    suite, result = sparse
    tables, *_ = benchmark_figures._matrices(suite, result, tiny_predictor().fit(suite.graph))
    measured, completed = tables.values()
    hidden = np.isnan(measured)
    assert int((~hidden).sum()) == suite.graph["model", "transfers_to", "dataset"].num_edges
    assert np.array_equal(completed[~hidden], measured[~hidden])
    assert ((completed >= 0) & (completed <= 1)).all()


def test_intervals_are_those_of_known_datasets(complete: tuple[Suite, Result], sparse: tuple[Suite, Result]) -> None:
    suite, result = complete
    cold = sum(int(fold.cold.sum()) for fold in suite.folds)
    cells = [benchmark_figures._cells(suite.graph, result.answers, PROJECT, warm=warm) for warm in (False, True)]
    assert len(cells[0].mean) - len(cells[1].mean) == cold > 0
    assert set(cells[1].fold) == {0, 1}
    assert len(dict(draw_figures(*sparse))) == len(PICTURES)


def test_map_shows_the_embeddings_of_every_node(
    complete: tuple[Suite, Result], tiny_predictor: Callable[..., Any]
) -> None:
    suite, _ = complete
    predictor = tiny_predictor().fit(suite.graph)
    embeddings = predictor.embeddings()
    for kind, rows, places in zip(
        ("model", "dataset"), embeddings, benchmark_figures._maps(suite.graph, predictor), strict=True
    ):
        assert rows.shape == (suite.graph[kind].num_nodes, 4)
        assert places.places.shape == (len(rows), 2)
        centred = (rows - rows.mean(0)).numpy()
        assert np.linalg.norm(places.places) <= np.linalg.norm(centred) * (1 + 1e-6)
        assert np.allclose(places.places.mean(0), 0, atol=1e-8)
        assert np.abs(places.places[:, 0]).max() == places.places[:, 0].max()
    assert all(np.array_equal(a, b) for a, b in zip(embeddings, predictor.embeddings(suite.graph), strict=True))


def test_without_embeddings_there_is_no_map(complete: tuple[Suite, Result]) -> None:
    config = TrainingConfig(kernel=KernelConfig(gnn=False), num_members=2, num_iterations=(1, 1, 1))
    with pytest.raises(ValueError, match=r"without embeddings: set 'kernel\.gnn'"):
        ExactPredictor(config).fit(complete[0].graph).embeddings()
