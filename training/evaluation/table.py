"""Tables of benchmarks: a row a method, means over folds, and a test against the strongest baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.folds import make_split
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.method import Prediction
from zoograph.training.evaluation.bootstrap import paired_bootstrap
from zoograph.training.evaluation.kept_answers import Answered
from zoograph.training.evaluation.methods import ABLATIONS
from zoograph.training.evaluation.metrics import Evaluation, evaluate, summarise
from zoograph.training.evaluation.paper import paper_average

PROJECT = "zoograph"


class Cell(BaseModel):
    """Mean and standard deviation over folds."""

    mean: float
    std: float | None


class Row(BaseModel):
    """One method's line.

    Attributes:
        method: its name.
        cells: by column; a column that is not defined is left out.
        seconds: that fitting and predicting took, mean over folds.
        num_rankings: datasets that are ranked, over all folds.
        num_small: datasets that are not, having too few asked cells.
        num_undefined: rankings without a correlation, all measurements or all predictions being the same; they
            count in no mean of one.
    """

    method: str
    cells: dict[str, Cell]
    seconds: float
    num_rankings: int = 0
    num_small: int = 0
    num_undefined: int = 0


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        name: in files.
        heading: for people.
        digits: behind the decimal point.
        printed: whether it is worth the width of a terminal; files have every column.
    """

    name: str
    heading: str
    digits: int = 3
    printed: bool = True


RANKING_COLUMNS = (
    Column("paper_average", "paper avg"),
    Column("pearson", "Pearson"),
    Column("cold_pearson", "cold"),
    Column("kendall", "τ-b", printed=False),
    Column("weighted_tau", "wtd τ"),
    Column("regret_at_1", "regret@1"),
    Column("regret_at_3", "regret@3"),
)
ERROR_COLUMNS = (
    Column("mae", "MAE", 4),
    Column("cold_mae", "MAE cold", 4),
    Column("rmse", "RMSE", 4, printed=False),
)
INTERVAL_COLUMNS = (
    Column("coverage", "coverage"),
    Column("width", "width", 4),
    Column("log_likelihood", "log-lik.", 2),
)


class Judged(NamedTuple):
    """Answers that are judged as one: of n cells, which of them cold."""

    prediction: Prediction
    target: Tensor
    pairs: Tensor
    cold: Tensor


def judged_together(graph: HeteroData, answers: Sequence[Answered]) -> list[Judged]:
    """Return what is judged together: one fold, or all folds that part the models of a dataset between them.

    A fold that leaves out one model has nothing to rank; the folds of all models rank every dataset.
    """
    groups: list[list[Answered]] = []
    asked = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    for answer in answers:
        if not groups or (asked & answer.fold.asked).any():
            groups.append([])
            asked = torch.zeros_like(asked)
        groups[-1].append(answer)
        asked = asked | answer.fold.asked
    judged = []
    for group in groups:
        datasets = [torch.unique(graph[TRANSFERS_TO].edge_index[1, answer.fold.asked]) for answer in group]
        shared = len(torch.unique(torch.cat(datasets))) < sum(len(part) for part in datasets)
        judged += [_join(graph, part) for part in ([group] if shared else [[answer] for answer in group])]
    return judged


def _join(graph: HeteroData, answers: Sequence[Answered]) -> Judged:
    splits = [make_split(graph, answer.fold) for answer in answers]
    return Judged(
        pooled(answers),
        torch.cat([split.target for split in splits]),
        torch.cat([split.pairs for split in splits], dim=1),
        torch.cat([answer.fold.asked_cold for answer in answers]),
    )


def make_row(graph: HeteroData, answers: Sequence[Answered], with_paper: bool) -> Row:
    """Return one method's row; intervals are judged on the cells that are not cold."""
    evaluations, warm = [], []
    for judged in judged_together(graph, answers):
        args = (judged.prediction, judged.target, judged.pairs)
        evaluations.append(evaluate(*args, cold=judged.cold))
        if not judged.cold.all():
            warm.append(evaluate(*args, known=judged.cold))
    papers = [paper_average(a.prediction, graph, make_split(graph, a.fold)) for a in answers] if with_paper else []
    cells = _cells(evaluations)
    if warm:
        inner = _cells(warm)
        cells |= {column.name: inner[column.name] for column in INTERVAL_COLUMNS if column.name in inner}
    defined = [value for value in papers if value is not None]
    if defined:
        values = torch.tensor(defined)
        cells["paper_average"] = Cell(mean=float(values.mean()), std=float(values.std()) if len(values) > 1 else None)
    return Row(
        method=answers[0].method,
        cells=cells,
        seconds=sum(answer.seconds for answer in answers) / len(answers),
        num_rankings=sum(evaluation.num_datasets for evaluation in evaluations),
        num_small=sum(evaluation.num_small for evaluation in evaluations),
        num_undefined=sum(evaluation.num_undefined for evaluation in evaluations),
    )


def _cells(evaluations: Sequence[Evaluation]) -> dict[str, Cell]:
    return {
        name: Cell(mean=summary.mean, std=summary.std)
        for name, summary in summarise(evaluations).items()
        if summary.mean is not None and math.isfinite(summary.mean)
    }


def make_rows(graph: HeteroData, answers: Iterable[Answered], with_paper: bool = False) -> list[Row]:
    """Return a row a method, in the order of the answers."""
    grouped: dict[str, list[Answered]] = {}
    for answer in answers:
        grouped.setdefault(answer.method, []).append(answer)
    return [make_row(graph, group, with_paper) for group in grouped.values()]


def strongest_baseline(rows: Sequence[Row], column: str, higher_is_better: bool) -> str | None:
    """Return the baseline that is best in a column."""
    scored = {
        row.method: row.cells[column].mean
        for row in rows
        if row.method not in {PROJECT, *ABLATIONS} and column in row.cells
    }
    if not scored:
        return None
    return (max if higher_is_better else min)(scored, key=lambda name: scored[name])


class Versus(BaseModel):
    """The project's predictor against the strongest baseline in one loss; negative is better for the project.

    Attributes:
        loss: what is compared.
        baseline: its name.
        units: what was drawn, ``families of datasets`` or ``models``; ``num_units`` says how many there are.
        difference, lower, upper, p: see :class:`zoograph.training.evaluation.bootstrap.Comparison`.
    """

    loss: str
    baseline: str
    units: str
    num_units: int
    difference: float
    lower: float
    upper: float
    p: float


def compare(graph: HeteroData, answers: Sequence[Answered], rows: Sequence[Row]) -> list[Versus]:
    """Return paired bootstraps: over families of datasets, and of absolute errors over models too.

    A comparison for which there are fewer than two of these is left out.
    """
    result = []
    for loss, column, higher, measure in (
        ("absolute error", "mae", False, _absolute_errors),
        ("1 - Pearson", "pearson", True, _pearson_losses),
    ):
        baseline = strongest_baseline(rows, column, higher)
        if baseline is None or not any(answer.method == PROJECT for answer in answers):
            continue
        ours, theirs = (measure(graph, [a for a in answers if a.method == name]) for name in (PROJECT, baseline))
        shared = sorted(ours.keys() & theirs.keys())
        mine, other = (torch.tensor([losses[key] for key in shared]) for losses in (ours, theirs))
        models, datasets = (torch.tensor([key[side] for key in shared], dtype=torch.long) for side in (1, 2))
        drawn = {"families of datasets": graph[DATASET].group[datasets], "models": models}
        for units, of_each in drawn.items():
            if len(torch.unique(of_each)) >= 2:
                found = paired_bootstrap(mine, other, of_each)
                result.append(Versus(loss=loss, baseline=baseline, units=units, **found._asdict()))
    return result


_Losses = dict[tuple[int, int, int], float]


def _absolute_errors(graph: HeteroData, answers: Sequence[Answered]) -> _Losses:
    losses = {}
    for number, answer in enumerate(answers):
        split = make_split(graph, answer.fold)
        errors = (answer.prediction.mean - split.target).abs().tolist()
        for error, model, dataset in zip(errors, *split.pairs.tolist(), strict=True):
            losses[number, model, dataset] = error
    return losses


def _pearson_losses(graph: HeteroData, answers: Sequence[Answered]) -> _Losses:
    losses = {}
    for number, judged in enumerate(judged_together(graph, answers)):
        for ranking in evaluate(judged.prediction, judged.target, judged.pairs).rankings:
            if ranking.pearson is not None:
                losses[number, -1, ranking.dataset] = 1 - ranking.pearson
    return losses


def per_dataset_pearson(graph: HeteroData, answers: Sequence[Answered]) -> dict[str, dict[int, float]]:
    """Return, by method, the mean Pearson correlation of each dataset over the folds that ask for it."""
    found: dict[str, dict[int, list[float]]] = {}
    for answer in answers:
        split = make_split(graph, answer.fold)
        for ranking in evaluate(answer.prediction, split.target, split.pairs).rankings:
            if ranking.pearson is not None:
                found.setdefault(answer.method, {}).setdefault(ranking.dataset, []).append(ranking.pearson)
    return {
        method: {dataset: sum(values) / len(values) for dataset, values in per.items()} for method, per in found.items()
    }


def pooled(answers: Sequence[Answered]) -> Prediction:
    """Return the predictions of several folds as one."""
    return Prediction(*(torch.cat(parts) for parts in zip(*(a.prediction for a in answers), strict=True)))
