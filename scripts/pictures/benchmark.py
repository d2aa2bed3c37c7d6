"""The pictures of a benchmark: which numbers of a result go into which of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.folds import make_split
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.scripts.pictures.accuracy import Cells, draw_intervals, draw_predicted, draw_ranking
from zoograph.scripts.pictures.graph import Axis, draw_matrix
from zoograph.training.evaluation.kept_answers import Answered
from zoograph.training.evaluation.suites import Result, Suite
from zoograph.training.evaluation.table import PROJECT, per_dataset_pearson, strongest_baseline
from zoograph.training.predictors.evidence import EvidencePredictor

_RIVAL = "gaussian-process"
_FLOOR = "linear-regression"


def draw_figures(suite: Suite, result: Result) -> Iterator[tuple[str, Any]]:
    """Yield the name and the figure of each picture; the last needs a fit to the whole graph."""
    graph, answers = suite.graph, result.answers
    yield "predicted", draw_predicted([_cells(graph, answers, name) for name in _pair(result, "mae", False)])

    correlations = per_dataset_pearson(graph, answers)
    shown = [name for name in dict.fromkeys([*_pair(result, "pearson", True), _FLOOR]) if name in correlations]
    if PROJECT in shown:
        ids = graph[DATASET].ids
        named = {name: {ids[k]: value for k, value in correlations[name].items()} for name in shown}
        means = {row.method: row.cells["pearson"].mean for row in result.rows if "pearson" in row.cells}
        yield "ranking", draw_ranking(named, means, _ceiling(result))

    judged = result.interval_answers or answers
    methods = {answer.method for answer in judged}
    rivals = [PROJECT, _RIVAL] if _RIVAL in methods else _pair(result, "log_likelihood", True)
    yield "intervals", draw_intervals([_cells(graph, judged, name, warm=True) for name in rivals])

    predictor = EvidencePredictor().fit(graph)
    yield "matrix", draw_matrix(*_matrices(suite, result, predictor))


def _pair(result: Result, column: str, higher_is_better: bool) -> list[str]:
    """Return the project's predictor, and the baseline that is best in a column if there is one."""
    methods = {answer.method for answer in result.answers}
    best = strongest_baseline([row for row in result.rows if row.method in methods], column, higher_is_better)
    return [PROJECT] if best is None else [PROJECT, best]


def _ceiling(result: Result) -> float | None:
    """Return the oracle's mean correlation: it is the row that answered nothing."""
    methods = {answer.method for answer in result.answers}
    oracles = [row for row in result.rows if row.method not in methods and "pearson" in row.cells]
    return oracles[0].cells["pearson"].mean if oracles else None


def _cells(graph: HeteroData, answers: Sequence[Answered], method: str, warm: bool = False) -> Cells:
    """Return what a method said on every asked cell; ``warm`` leaves the cold ones out, unless all are."""
    parts: list[list[Tensor]] = []
    for number, answer in enumerate(answer for answer in answers if answer.method == method):
        target, cold = make_split(graph, answer.fold).target, answer.fold.asked_cold
        kept = ~cold if warm and not cold.all() else torch.ones_like(cold)
        fold = torch.full((int(kept.sum()),), number)
        parts.append([target[kept], *(part[kept] for part in answer.prediction), fold])
    measured, mean, lower, upper, folds = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
    return Cells(method, measured.astype(float), mean.astype(float), lower.astype(float), upper.astype(float), folds)


def _matrices(
    suite: Suite, result: Result, predictor: EvidencePredictor
) -> tuple[dict[str, NDArray[np.float64]], Axis, Axis, NDArray[np.float64]]:
    """Return tables of accuracies, their sides, and predicted minus measured accuracies.

    Where every cell was measured the first fold is shown, with the truth next to it; else all that was measured,
    and the errors are those of measured cells, each predicted without its own record.
    """
    graph = suite.graph
    pairs, accuracy = graph[TRANSFERS_TO].edge_index, graph[TRANSFERS_TO].edge_label
    nodes, places = zip(*(torch.unique(side, return_inverse=True) for side in pairs), strict=True)
    at = (places[0].numpy(), places[1].numpy())
    measured = np.full([len(side) for side in nodes], np.nan)
    measured[at] = accuracy.numpy()
    models, datasets = (_axis(graph, kind, side) for kind, side in zip((MODEL, DATASET), nodes, strict=True))
    if np.isnan(measured).any():
        completed = measured.copy()
        rows, columns = np.isnan(measured).nonzero()
        asked = torch.stack([nodes[0][rows], nodes[1][columns]])
        completed[rows, columns] = predictor.smoothed(asked).clamp(0, 1).numpy()
        share = 1 - len(rows) / measured.size
        known = torch.stack([nodes[0][at[0]], nodes[1][at[1]]])
        residual = np.full_like(measured, np.nan)
        residual[at] = predictor.predict(known).mean.numpy() - measured[at]
        return {f"measured: {100 * share:.0f} %": measured, "completed": completed}, models, datasets, residual
    answer = next(answer for answer in result.answers if answer.method == PROJECT)
    held_out, asked = answer.fold.held_out, answer.fold.asked
    given = measured.copy()
    given[tuple(side[held_out] for side in at)] = np.nan
    completed = given.copy()
    completed[tuple(side[asked] for side in at)] = answer.prediction.mean.numpy()
    share = 1 - float(held_out.float().mean())
    panels = {f"given ({answer.fold.name}): {100 * share:.0f} %": given, "completed": completed, "measured": measured}
    return panels, models, datasets, np.where(np.isnan(given), completed - measured, np.nan)


def _axis(graph: HeteroData, kind: str, nodes: Tensor) -> Axis:
    groups = _words(graph, kind) if kind == DATASET else [""] * graph[kind].num_nodes
    return Axis(kind, [graph[kind].ids[k] for k in nodes.tolist()], [groups[k] for k in nodes.tolist()])


def _words(graph: HeteroData, kind: str) -> list[str]:
    """Return the family or domain of every node, empty where not known."""
    words = ["", *graph.vocabulary[kind]]
    return [words[code] for code in graph[kind].x_category.tolist()]
