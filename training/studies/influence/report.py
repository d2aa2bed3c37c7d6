"""Report of the study of influence: pairs of source and target, accuracies after removals, and the planted case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from zoograph.training.analysis.influence.counterfactuals import NOTHING, WAYS, Point, Retrained, make_curve
from zoograph.training.analysis.influence.estimate import Estimate, influence_rows
from zoograph.training.analysis.influence.jobs import OUTCOMES
from zoograph.training.analysis.influence.small_tasks import SmallTask
from zoograph.training.studies.influence.planted import KINDS, area_under_curve


class PairReport(BaseModel):
    """One source and one target.

    Attributes:
        source: id.
        target: id.
        num_models: that influences rest on.
        source_accuracy: mean over the models, on held-out images of the classes that they saw.
        accuracy: mean over the models, on the target's test images.
        spread: standard deviation of that over models.
        chance: accuracy of guessing.
        reliability: outcome -> part of the variance of the influences that is not noise.
        warning: what is to be said of the estimate of accuracy, or None.
        curve: accuracies after removals; empty if none were made.
    """

    source: str
    target: str
    num_models: int
    source_accuracy: float
    accuracy: float
    spread: float
    chance: float
    reliability: dict[str, float]
    warning: str | None
    curve: list[Point]


class Change(BaseModel):
    """Change of accuracy after a removal, mean over pairs.

    Attributes:
        way: which classes were removed.
        number: place of the removal among those of a pair, from the smallest.
        mean: in [-1, 1]; negative where the removal cost accuracy.
        error: standard error over pairs.
    """

    way: str
    number: int
    mean: float
    error: float


class PlantedReport(BaseModel):
    """The planted case.

    Attributes:
        num_models: that influences rest on.
        areas: outcome -> chance that a helping class is ranked above an inert one, an inert one above a hurting one,
            and a helping one above a hurting one.
        means: kind of class -> mean influence on accuracy.
        error: mean standard error of an influence on accuracy.
        curve: accuracies after removals.
    """

    num_models: int
    areas: dict[str, dict[str, float]]
    means: dict[str, float]
    error: float
    curve: list[Point]


class InfluenceStudyReport(BaseModel):
    """A study: its pairs, the rows of class influences, and what of the planted case was found."""

    pairs: list[PairReport]
    planted: PlantedReport
    influences: list[dict[str, Any]]
    right_order: dict[str, float]
    changes: list[Change]
    models_trained: int


def report_pair(
    source: SmallTask,
    target: SmallTask,
    estimates: Sequence[Estimate],
    accuracies: NDArray[np.float64],
    source_accuracy: float,
    retrained: Sequence[Retrained],
) -> PairReport:
    """Report a pair.

    Args:
        source: of the models.
        target: what they were transferred to.
        estimates: one for each outcome that is reported.
        accuracies: (M,) of the models on the target.
        source_accuracy: mean of the models on their source.
        retrained: what was trained anew for counterfactuals; those of other targets are left out.
    """
    first = next(one for one in estimates if one.outcome == "correct")
    return PairReport(
        source=source.id,
        target=target.id,
        num_models=first.num_models,
        source_accuracy=source_accuracy,
        accuracy=float(accuracies.mean()),
        spread=float(accuracies.std(ddof=1)),
        chance=1 / len(target.classes),
        reliability={one.outcome: one.reliability for one in estimates},
        warning=first.warning(),
        curve=make_curve([one for one in retrained if one.target == target.id]),
    )


def report_planted(
    kinds: NDArray[np.str_], estimates: Sequence[Estimate], retrained: Sequence[Retrained]
) -> PlantedReport:
    """Report how influences tell the kinds of classes of a planted case apart."""
    first = next(one for one in estimates if one.outcome == "correct")
    of_kind = {one.outcome: {kind: one.overall[kinds == kind] for kind in KINDS} for one in estimates}
    pairs = (("help", "inert"), ("inert", "hurt"), ("help", "hurt"))
    return PlantedReport(
        num_models=first.num_models,
        areas={
            outcome: {f"{high} above {low}": area_under_curve(values[high], values[low]) for high, low in pairs}
            for outcome, values in of_kind.items()
        },
        means={kind: float(values.mean()) for kind, values in of_kind["correct"].items()},
        error=float(first.errors[first.defined].mean()),
        curve=make_curve(retrained),
    )


def right_order(pairs: Sequence[PairReport]) -> dict[str, float]:
    """Return at which share of the points, one for each pair and number of removals, accuracies are in order.

    ``top below random`` where taking the most helpful classes costs more than taking random ones, ``random below
    bottom`` where that costs more than taking the most harmful ones, ``top below bottom`` where the ends are in order.
    """
    counts = {"top below random": 0, "random below bottom": 0, "top below bottom": 0}
    total = 0
    for pair in pairs:
        means = {(point.way, point.removed): point.mean for point in pair.curve}
        for removed in sorted({removed for way, removed in means if way == "top"}):
            top, middle, bottom = (means[way, removed] for way in ("top", "random", "bottom"))
            total += 1
            counts["top below random"] += top < middle
            counts["random below bottom"] += middle < bottom
            counts["top below bottom"] += top < bottom
    return {name: count / total for name, count in counts.items()} if total else {}


def mean_changes(pairs: Sequence[PairReport]) -> list[Change]:
    """Return how accuracy changes with each removal, against the models from which nothing was removed."""
    found = []
    for way in WAYS:
        rows = []
        for pair in pairs:
            start = next((point.mean for point in pair.curve if point.way == NOTHING), 0.0)
            rows.append([point.mean - start for point in pair.curve if point.way == way])
        for number, column in enumerate(zip(*rows, strict=True)):
            error = float(np.std(column, ddof=1) / np.sqrt(len(column))) if len(column) > 1 else 0.0
            found.append(Change(way=way, number=number, mean=float(np.mean(column)), error=error))
    return found


def study_rows(source: SmallTask, target: SmallTask, estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    """Return the rows of the outcomes that a table of influences has: correct and probability."""
    return influence_rows(source, target, [one for one in estimates if one.outcome in (OUTCOMES[0], OUTCOMES[2])])
