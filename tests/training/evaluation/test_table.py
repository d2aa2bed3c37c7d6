"""The table: rows by hand, undefined correlations counted and never averaged, comparisons over datasets."""

from __future__ import annotations

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import RELATION_COLUMNS, SCORE_COLUMNS, Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import Fold
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.method import Prediction
from zoograph.training.evaluation.kept_answers import Answered
from zoograph.training.evaluation.table import (
    PROJECT,
    Cell,
    Row,
    compare,
    judged_together,
    make_row,
    make_rows,
    per_dataset_pearson,
    pooled,
    strongest_baseline,
)

# Six models; on the third dataset all of them do the same.
MEASURED = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [0.5] * 6]).T


def build(measured: np.ndarray) -> HeteroData:
    models, datasets = ([f"{kind}{i}" for i in range(n)] for kind, n in zip("md", measured.shape, strict=True))
    rows, columns = np.nonzero(~np.isnan(measured))
    runs = pd.DataFrame(
        {
            "model": [models[i] for i in rows],
            "dataset": [datasets[j] for j in columns],
            "protocol": "head",
            "metric": "top1",
            "value": measured[rows, columns],
            "train_size": np.nan,
            "test_size": np.nan,
            "source": "toy",
        }
    )
    empty = (pd.DataFrame(columns=list(names)).astype({"value": float}) for names in (SCORE_COLUMNS, RELATION_COLUMNS))
    zoo = Zoo(
        {name: ModelCard(id=name, source="toy") for name in models},
        {name: DatasetCard(id=name, source="toy") for name in datasets},
        runs,
        *empty,
    )
    return build_graph(zoo, HashEmbedder(4))


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build(MEASURED)


def hold_out(graph: HeteroData, cold: tuple[int, ...] = ()) -> Fold:
    """Return the fold that asks for everything."""
    target = graph[TRANSFERS_TO].edge_index[1]
    everything = torch.ones(len(target), dtype=torch.bool)
    return Fold("all", everything, everything, torch.isin(target, torch.tensor(cold, dtype=torch.long)))


def say(graph: HeteroData, fold: Fold, method: str, table: np.ndarray, half: float = 0.05) -> Answered:
    """Return an answer whose means are ``table`` (M, D)."""
    m, d = graph[TRANSFERS_TO].edge_index[:, fold.asked]
    mean = torch.tensor(np.array(table), dtype=torch.float32)[m, d]
    return Answered(method, fold, Prediction(mean, mean - half, mean + half), 2.0)


def test_a_row_by_hand(graph: HeteroData) -> None:
    table = MEASURED.copy()
    table[:, 1] = MEASURED[::-1, 1]  # the second dataset is ranked upside down
    table[:, 2] = [0.4, 0.5, 0.5, 0.5, 0.5, 0.6]
    row = make_row(graph, [say(graph, hold_out(graph), "guess", table)], with_paper=False)
    assert (row.method, row.seconds) == ("guess", 2.0)
    assert (row.num_rankings, row.num_small, row.num_undefined) == (3, 0, 1)
    cells = {name: cell.mean for name, cell in row.cells.items()}
    assert cells["pearson"] == pytest.approx(0.0, abs=1e-6)  # 1 and -1; the third is left out
    assert cells["kendall"] == pytest.approx(0.0, abs=1e-6)
    # 0 on the first; on the second the worst instead of the best, then the best of three worst; 0 on the third
    assert cells["regret_at_1"] == pytest.approx((0 + 0.5 + 0) / 3, abs=1e-6)
    assert cells["regret_at_3"] == pytest.approx((0 + 0.3 + 0) / 3, abs=1e-6)
    assert cells["mae"] == pytest.approx((0.5 + 0.3 + 0.1 + 0.1 + 0.3 + 0.5 + 0.1 + 0.1) / 18, abs=1e-6)
    assert cells["coverage"] == pytest.approx(10 / 18)
    assert cells["width"] == pytest.approx(0.1)
    assert all(math.isfinite(value) for value in cells.values())
    assert all(cell.std is None for cell in row.cells.values())
    assert "cold_mae" not in cells
    assert "paper_average" not in cells


def test_intervals_are_judged_on_cells_that_are_not_cold(graph: HeteroData) -> None:
    table = MEASURED.copy()
    table[:, 1] += 0.2
    row = make_row(graph, [say(graph, hold_out(graph, cold=(1,)), "guess", table)], with_paper=False)
    assert row.cells["coverage"].mean == 1.0
    assert row.cells["cold_coverage"].mean == 0.0
    assert row.cells["mae"].mean == pytest.approx(0.2 / 3, abs=1e-6)
    assert row.cells["cold_mae"].mean == pytest.approx(0.2, abs=1e-6)


def test_where_all_is_cold_all_is_judged(graph: HeteroData) -> None:
    row = make_row(graph, [say(graph, hold_out(graph, cold=(0, 1, 2)), "guess", MEASURED)], with_paper=False)
    assert row.cells["coverage"].mean == row.cells["cold_coverage"].mean == 1.0


def test_a_constant_dataset_is_in_no_mean_and_no_undefined_number_is_shown() -> None:
    graph = build(np.full((6, 2), 0.5))
    row = make_row(graph, [say(graph, hold_out(graph), "guess", np.full((6, 2), 0.5))], with_paper=True)
    assert (row.num_rankings, row.num_undefined) == (2, 2)
    assert not {"pearson", "kendall", "weighted_tau", "paper_average"} & set(row.cells)
    assert row.cells["mae"].mean == 0.0
    assert per_dataset_pearson(graph, [say(graph, hold_out(graph), "guess", np.full((6, 2), 0.5))]) == {}


def test_small_datasets_are_counted() -> None:
    measured = MEASURED.copy()
    measured[2:, 0] = np.nan
    graph = build(measured)
    row = make_row(graph, [say(graph, hold_out(graph), "guess", MEASURED)], with_paper=False)
    assert (row.num_rankings, row.num_small, row.num_undefined) == (2, 1, 1)


def test_rows_are_means_over_folds_in_the_order_of_the_answers(graph: HeteroData) -> None:
    fold = hold_out(graph)
    answers = [say(graph, fold, name, MEASURED + shift) for name, shift in (("b", 0.1), ("a", 0.0), ("b", 0.2))]
    b, a = make_rows(graph, answers)
    assert (b.method, a.method) == ("b", "a")
    assert b.cells["mae"].mean == pytest.approx(0.15, abs=1e-6)
    assert b.cells["mae"].std == pytest.approx(0.1 / 2**0.5, abs=1e-6)
    assert b.num_rankings == 6


def test_the_paper_average_is_printed_where_asked_for(graph: HeteroData) -> None:
    (row,) = make_rows(graph, [say(graph, hold_out(graph), "guess", MEASURED)], with_paper=True)
    assert row.cells["paper_average"].mean == pytest.approx(1.0)


def test_the_strongest_baseline_is_not_the_project() -> None:
    rows = [
        Row(method=name, cells={"mae": Cell(mean=value, std=None)}, seconds=0)
        for name, value in ((PROJECT, 0.0), ("a", 0.2), ("b", 0.1))
    ]
    assert strongest_baseline(rows, "mae", higher_is_better=False) == "b"
    assert strongest_baseline(rows, "mae", higher_is_better=True) == "a"
    assert strongest_baseline(rows, "pearson", higher_is_better=True) is None
    assert strongest_baseline(rows[:1], "mae", higher_is_better=False) is None


def test_comparison_with_the_strongest_baseline(graph: HeteroData) -> None:
    fold = hold_out(graph)
    upside_down = MEASURED[::-1] + 0.001
    answers = [
        say(graph, fold, PROJECT, MEASURED + 0.01),
        say(graph, fold, "near", MEASURED + 0.03),
        say(graph, fold, "far", upside_down),
    ]
    error, by_model, ranking = compare(graph, answers, make_rows(graph, answers))
    assert (error.loss, error.baseline) == ("absolute error", "near")
    assert (error.units, error.num_units) == ("families of datasets", len(graph[DATASET].group.unique()))
    assert (by_model.units, by_model.num_units) == ("models", len(MEASURED))
    assert by_model.difference == error.difference
    assert error.difference == pytest.approx(-0.02, abs=1e-6)
    assert error.lower == pytest.approx(error.upper, abs=1e-6)
    assert (ranking.loss, ranking.baseline) == ("1 - Pearson", "near")
    assert ranking.difference == pytest.approx(0.0, abs=1e-6)


def test_no_comparison_without_a_project_a_baseline_or_two_datasets(graph: HeteroData) -> None:
    fold = hold_out(graph)
    ours, theirs = say(graph, fold, PROJECT, MEASURED), say(graph, fold, "a", MEASURED)
    assert compare(graph, [ours], make_rows(graph, [ours])) == []
    assert compare(graph, [theirs], make_rows(graph, [theirs])) == []
    one = build(MEASURED[:, :1])
    answers = [say(one, hold_out(one), name, MEASURED) for name in (PROJECT, "a")]
    assert [versus.units for versus in compare(one, answers, make_rows(one, answers))] == ["models"]
    two = build(MEASURED[:, 1:])  # two datasets, of which one has a correlation
    answers = [say(two, hold_out(two), name, MEASURED[:, 1:]) for name in (PROJECT, "a")]
    assert {versus.loss for versus in compare(two, answers, make_rows(two, answers))} == {"absolute error"}


def test_tasks_of_one_family_are_one_unit(graph: HeteroData) -> None:
    fold = hold_out(graph)
    graph = copy.copy(graph)
    graph[DATASET].group = torch.zeros_like(graph[DATASET].group)
    answers = [say(graph, fold, PROJECT, MEASURED), say(graph, fold, "a", MEASURED + 0.01)]
    assert [versus.units for versus in compare(graph, answers, make_rows(graph, answers))] == ["models"]


def test_correlations_by_dataset_are_means_over_folds(graph: HeteroData) -> None:
    fold = hold_out(graph)
    answers = [say(graph, fold, "a", MEASURED), say(graph, fold, "a", MEASURED[::-1])]
    found = per_dataset_pearson(graph, answers)
    assert found["a"] == {0: pytest.approx(0.0, abs=1e-6), 1: pytest.approx(0.0, abs=1e-6)}


def test_pooled_is_one_prediction_after_another(graph: HeteroData) -> None:
    fold = hold_out(graph)
    answers = [say(graph, fold, "a", MEASURED), say(graph, fold, "a", MEASURED + 0.1)]
    whole = pooled(answers)
    assert torch.equal(whole.mean, torch.cat([answer.prediction.mean for answer in answers]))
    assert len(whole.lower) == len(whole.upper) == 36


# -- folds that part a dataset's models -----------------------------------------------------------


def one_model_folds(graph: HeteroData) -> list[Fold]:
    models = graph[TRANSFERS_TO].edge_index[0]
    never = torch.zeros(len(models), dtype=torch.bool)
    return [Fold(f"m{k}", models == k, models == k, never) for k in torch.unique(models).tolist()]


def measured_answers(graph: HeteroData, folds: list[Fold], sign: float = 1.0) -> list[Answered]:
    values = 0.5 + sign * (graph[TRANSFERS_TO].edge_label - 0.5)
    return [Answered("guess", fold, Prediction(*[values[fold.asked]] * 3), 1.0) for fold in folds]


def test_folds_of_one_model_each_rank_every_dataset_together() -> None:
    graph = build(MEASURED)
    folds = one_model_folds(graph)
    right, wrong = (make_row(graph, measured_answers(graph, folds, sign), False) for sign in (1.0, -1.0))
    assert right.cells["pearson"].mean == pytest.approx(1.0)
    assert wrong.cells["pearson"].mean == pytest.approx(-1.0)
    assert (right.num_rankings, right.num_undefined, right.num_small) == (3, 1, 0)
    # Two draws are two evaluations, with a standard deviation over them.
    both = make_row(graph, measured_answers(graph, folds) + measured_answers(graph, folds, -1.0), False)
    assert (both.cells["pearson"].mean, both.num_rankings) == (pytest.approx(0.0), 6)
    assert both.cells["pearson"].std == pytest.approx(2**0.5)


def test_folds_of_one_dataset_each_are_judged_one_by_one() -> None:
    graph = build(MEASURED)
    datasets = graph[TRANSFERS_TO].edge_index[1]
    never = torch.zeros(len(datasets), dtype=torch.bool)
    folds = [Fold(f"d{k}", datasets == k, datasets == k, never) for k in range(3)]
    assert [len(judged.target) for judged in judged_together(graph, measured_answers(graph, folds))] == [6, 6, 6]
    (joined,) = judged_together(graph, measured_answers(graph, one_model_folds(graph)))
    assert torch.equal(joined.target, graph[TRANSFERS_TO].edge_label)
    assert torch.equal(joined.pairs, graph[TRANSFERS_TO].edge_index)
