"""Counterfactuals: source models trained anew without the most helpful, the most harmful or random parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from zoograph.data.collections.glyphs.drawing import seeded
from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.analysis.influence.jobs import OUTCOMES
from zoograph.training.analysis.influence.members import Members
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.analysis.influence.small_tasks import SmallTask

WAYS = ("top", "bottom", "random")
"""Which units are removed: the most helpful ones, the most harmful ones, or any."""

NOTHING, OWN = "nothing", "own"

# Apart from the seeds of the models that influences are estimated from.
_FIRST_SEED = 7_000_000_000


class Retrained(NamedTuple):
    """A model that was trained anew without some units, and what it reached.

    Attributes:
        target: id.
        way: one of :data:`WAYS`, ``nothing`` or ``own``.
        removed: how many units.
        seed: number of the repetition.
        correct: accuracy on the target, in [0, 1].
        probability: mean probability of the true class, in [0, 1].
    """

    target: str
    way: str
    removed: int
    seed: int
    correct: float
    probability: float


class Removals(NamedTuple):
    """What is to be removed.

    Attributes:
        counts: numbers of units.
        repeats: models of ``top`` and of ``bottom`` for each count, and models without removal.
        draws: random removals for each count.
    """

    counts: tuple[int, ...]
    repeats: int = 2
    draws: int = 3

    def count_models(self, targets: int) -> int:
        """Return how many models are trained anew for one source and so many targets."""
        return self.repeats + len(self.counts) * (self.draws + 2 * self.repeats * targets)


def counts_of(units: int, amounts: Sequence[float]) -> tuple[int, ...]:
    """Return the distinct numbers of units that amounts come to, ascending: shares below 1, counts from 1 on.

    Raises:
        ZoographError: if one is neither a share nor a whole number, removes nothing, or leaves fewer than two units.
    """
    odd = [amount for amount in amounts if not (amount < 1 or float(amount).is_integer())]
    if odd:
        raise ZoographError(
            f"What is removed must be a share below 1, or a whole number of units (got {odd[0]:g}). Choose others."
        )
    counts = tuple(sorted({round(amount * units) if amount < 1 else round(amount) for amount in amounts}))
    if not counts or counts[0] < 1 or counts[-1] > units - 2:
        raise ZoographError(
            f"What is removed must be at least one of the {units} units and leave two "
            f"(got {', '.join(f'{amount:g}' for amount in amounts)} of them). Choose others."
        )
    return counts


def retrain_without(
    lab: EnsembleRunner,
    source: SmallTask,
    targets: Sequence[SmallTask],
    orders: Mapping[str, NDArray[np.int64]],
    removals: Removals,
    unit: str = "class",
    recipe: Recipe | None = None,
) -> list[Retrained]:
    """Train source models without some units, and transfer them.

    Random removals and models without removal are shared by all targets. Model i of every kind begins with the same
    weights.

    Args:
        lab: where models are kept; finished ones are not trained again.
        source: what they are trained on.
        targets: what they are transferred to.
        orders: target -> units, the most harmful first; those that are not in it are never removed by influence.
        removals: how many, and how often.
        unit: ``class`` or ``example``.
        recipe: of the models.

    Raises:
        ZoographError: if an order has fewer units than are to be removed.
    """
    units = len(source.classes) if unit == "class" else len(source.train_labels)
    short = [name for name, order in orders.items() if len(order) < max(removals.counts)]
    if short:
        raise ZoographError(
            f"{max(removals.counts)} units cannot be removed by influence from '{source.id}' "
            f"(got {len(orders[short[0]])} with a defined influence on '{short[0]}'). Ask for more models."
        )
    shared = [(NOTHING, 0, seed, np.zeros(0, dtype=np.int64)) for seed in range(removals.repeats)]
    for count in removals.counts:
        for draw in range(removals.draws):
            shared.append(("random", count, draw, seeded("removal", draw).permutation(units)[:count]))
    found = _run(lab, source, targets, shared, unit, recipe)
    for target in targets:
        order = orders[target.id]
        own = [
            (way, count, seed, order[-count:] if way == "top" else order[:count])
            for way in ("top", "bottom")
            for count in removals.counts
            for seed in range(removals.repeats)
        ]
        found += _run(lab, source, [target], own, unit, recipe)
    return found


def require_two_left(units: int, removed: Collection[int]) -> None:
    """Raise an error if a list of units leaves too few to train on.

    Raises:
        ZoographError: if fewer than two units would be left.
    """
    left_out = len(set(removed))
    if units - left_out < 2:
        raise ZoographError(f"Two of the {units} units must be left (got {left_out} to leave out). Leave out fewer.")


def retrain_without_own(
    lab: EnsembleRunner,
    source: SmallTask,
    target: SmallTask,
    removed: Sequence[int],
    repeats: int = 2,
    unit: str = "class",
    recipe: Recipe | None = None,
) -> list[Retrained]:
    """Train source models without units that were chosen, and without any removal, and transfer them.

    Raises:
        ZoographError: if fewer than two units would be left.
    """
    rows = np.unique(np.asarray(removed, dtype=np.int64))
    require_two_left(len(source.classes) if unit == "class" else len(source.train_labels), rows.tolist())
    nothing = np.zeros(0, dtype=np.int64)
    plan = [(NOTHING, 0, seed, nothing) for seed in range(repeats)]
    plan += [(OWN, len(rows), seed, rows) for seed in range(repeats)]
    return _run(lab, source, [target], plan, unit, recipe)


def _run(
    lab: EnsembleRunner,
    source: SmallTask,
    targets: Sequence[SmallTask],
    plan: Sequence[tuple[str, int, int, NDArray[np.int64]]],
    unit: str,
    recipe: Recipe | None,
) -> list[Retrained]:
    units = len(source.classes) if unit == "class" else len(source.train_labels)
    keep = np.ones((len(plan), units), dtype=np.bool_)
    for row, (_, _, _, removed) in enumerate(plan):
        keep[row, removed] = False
    members = Members(keep, tuple(_FIRST_SEED + seed for _, _, seed, _ in plan))
    ensemble = lab.given_ensemble(source, members, unit, recipe)
    found = []
    for target in targets:
        means = ensemble.transfer(target)["outcomes"].mean(axis=2, dtype=np.float64)
        right, chance = (means[:, OUTCOMES.index(name)].tolist() for name in ("correct", "probability"))
        for row, (way, count, seed, _) in enumerate(plan):
            found.append(Retrained(target.id, way, count, seed, right[row], chance[row]))
    return found


class Point(BaseModel):
    """Accuracy on a target after a removal, in [0, 1]; the band is from the worst to the best repetition."""

    way: str
    removed: int
    mean: float
    low: float
    high: float
    models: int


def make_curve(retrained: Sequence[Retrained]) -> list[Point]:
    """Return the mean and the range of accuracies for each way and number of removals."""
    points = []
    for way in (NOTHING, *WAYS, OWN):
        for removed in sorted({one.removed for one in retrained if one.way == way}):
            found = [one.correct for one in retrained if (one.way, one.removed) == (way, removed)]
            mean = float(np.mean(found))
            points.append(
                Point(way=way, removed=removed, mean=mean, low=min(found), high=max(found), models=len(found))
            )
    return points
