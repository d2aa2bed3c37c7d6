"""How answers on a collection are judged: dataset by dataset, on the cells that are asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import ndcg_score

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.method import Prediction
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.hiding import Question
from zoograph.training.evaluation.collections.orders import Orders, count_orders
from zoograph.training.evaluation.metrics import MIN_CELLS, Array, mean_defined, rank_dataset, to_numbers

RANKINGS = ("pearson", "kendall", "weighted_tau", "regret_at_1", "regret_at_3", "ndcg_at_5")
CELLS = ("mae", "coverage", "width")
MEASURES = (*RANKINGS, *CELLS, "orders")
HIGHER_IS_BETTER = frozenset({"pearson", "kendall", "weighted_tau", "ndcg_at_5", "orders", "coverage"})


class Cells(NamedTuple):
    """The asked cells of one question on one dataset, in edge order.

    Attributes:
        question: place of the question among those answered.
        dataset: its node.
        models: (n,) nodes.
        predicted: (n,) means.
        lower: (n,) lower ends of the intervals.
        upper: (n,) upper ends.
        measured: (n,) what the collection measured.
        others: (k,) nodes of the models that were not left out.
        known: (k,) what the collection measured of these.
    """

    question: int
    dataset: int
    models: NDArray[np.int64]
    predicted: Array
    lower: Array
    upper: Array
    measured: Array
    others: NDArray[np.int64]
    known: Array


class Verdict(NamedTuple):
    """What answers are worth on one dataset; None where a number is not defined.

    Attributes:
        dataset: its name.
        num_cells: that were asked, over all questions.
        pearson, kendall, weighted_tau, regret_at_1, regret_at_3: as in
            :class:`zoograph.training.evaluation.metrics.Ranking`, means over the questions that ask for five models or
            more. A method that says the same of all models has a correlation of 0.
        ndcg_at_5: normalised discounted cumulative gain of the five models predicted best, in [0, 1], higher is better;
            the gain is accuracy above the worst model's.
        mae: mean absolute error.
        coverage: share of measured values inside their 90 % intervals.
        width: mean width of these.
        orders: share of pairs with a model that is asked whose order is right, in [0, 1]; 0.5 is a guess.
        num_orders: pairs whose values differ.
    """

    dataset: str
    num_cells: int
    pearson: float | None
    kendall: float | None
    weighted_tau: float | None
    regret_at_1: float | None
    regret_at_3: float | None
    ndcg_at_5: float | None
    mae: float
    coverage: float
    width: float
    orders: float | None
    num_orders: int


def gather(part: CollectionGraph, answers: Sequence[tuple[Question, Prediction]]) -> list[Cells]:
    """Return what was asked and said, a question and a dataset each.

    Raises:
        ValueError: if a prediction has another length than its question.
    """
    models, datasets = part.graph[TRANSFERS_TO].edge_index
    result = []
    for number, (question, prediction) in enumerate(answers):
        if len(prediction.mean) != int(question.asked.sum()):
            raise ValueError(f"'{question.name}' asks {int(question.asked.sum())} cells (got {len(prediction.mean)}).")
        place = torch.full_like(models, -1)
        place[question.asked] = torch.arange(len(prediction.mean))
        for dataset in torch.unique(datasets[question.asked]).tolist():
            here = datasets == dataset
            asked = here & question.asked
            left = here & part.measured & ~question.held_out
            predicted, lower, upper = (to_numbers(bound[place[asked]]) for bound in prediction)
            measured, known = (to_numbers(part.values[mask]) for mask in (asked, left))
            ours, others = (models[mask].numpy() for mask in (asked, left))
            result.append(Cells(number, dataset, ours, predicted, lower, upper, measured, others, known))
    return result


def judge(part: CollectionGraph, answers: Sequence[tuple[Question, Prediction]]) -> list[Verdict]:
    """Return a verdict a dataset, over all questions that ask for it.

    Args:
        part: whose cells were asked.
        answers: each question with what a method said of its cells, in the order of
            :func:`zoograph.training.evaluation.collections.hiding.ask`.
    """
    by_dataset: dict[int, list[Cells]] = {}
    for cells in gather(part, answers):
        by_dataset.setdefault(cells.dataset, []).append(cells)
    return [judge_dataset(part.graph[DATASET].ids[dataset], cells) for dataset, cells in by_dataset.items()]


def judge_dataset(name: str, cells: Sequence[Cells]) -> Verdict:
    """Return the verdict on one dataset, from the cells of each question that asks for it."""
    ranked = [_rank(part) for part in cells if len(part.models) >= MIN_CELLS]
    pearson, kendall, weighted_tau, regret_at_1, regret_at_3, ndcg_at_5 = (
        mean_defined([ranking[measure] for ranking in ranked]) for measure in RANKINGS
    )
    fields = ("predicted", "lower", "upper", "measured")
    predicted, lower, upper, measured = (np.concatenate([getattr(part, field) for part in cells]) for field in fields)
    orders = Orders(0.0, 0)
    for part in cells:
        orders = orders.plus(count_orders(part.predicted, part.measured, part.known))
    return Verdict(
        name,
        len(measured),
        pearson,
        kendall,
        weighted_tau,
        regret_at_1,
        regret_at_3,
        ndcg_at_5,
        float(np.abs(predicted - measured).mean()),
        float(((lower <= measured) & (measured <= upper)).mean()),
        float((upper - lower).mean()),
        orders.share,
        orders.compared,
    )


def _rank(cells: Cells) -> dict[str, float | None]:
    """Return every measure of a ranking; a correlation is 0 where models differ and the method says they do not."""
    ranking = rank_dataset(cells.dataset, cells.predicted, cells.measured)
    found: dict[str, float | None] = {measure: getattr(ranking, measure) for measure in RANKINGS[:-1]}
    if cells.measured.max() > cells.measured.min():
        found = {measure: 0.0 if value is None else value for measure, value in found.items()}
    return {**found, RANKINGS[-1]: ndcg_at(cells.predicted, cells.measured, 5)}


def ndcg_at(predicted: Array, measured: Array, k: int) -> float | None:
    """Return the normalised discounted cumulative gain of ``k`` models; None if all were measured alike.

    Models predicted alike share the places that they take, so that a method that says the same of all gets the mean
    over all orders.
    """
    gain = measured - measured.min()
    return None if math.isclose(gain.max(), 0.0, abs_tol=1e-6) else float(ndcg_score([gain], [predicted], k=k))


def mean_over_datasets(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Return the mean of each measure over the datasets where it is defined; one that is nowhere is left out."""
    means = {measure: mean_defined([getattr(verdict, measure) for verdict in verdicts]) for measure in MEASURES}
    return {measure: value for measure, value in means.items() if value is not None}


def worst_datasets(verdicts: Sequence[Verdict]) -> dict[str, tuple[str, float]]:
    """Return the worst dataset of each measure, with its value."""
    worst = {}
    for measure in MEASURES:
        found = [(getattr(v, measure), v.dataset) for v in verdicts if getattr(v, measure) is not None]
        if found:
            value, dataset = min(found) if measure in HIGHER_IS_BETTER else max(found)
            worst[measure] = (dataset, value)
    return worst
