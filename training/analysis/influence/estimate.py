"""Influence of source classes or images on transfer: estimates and standard errors from an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.data.collections.glyphs.tasks import SOURCE
from zoograph.data.errors import ZoographError
from zoograph.graphs.scores.analysis.influence import Influence, group_means, influence, reliability, standard_errors
from zoograph.training.analysis.influence.ensembles import Ensemble
from zoograph.training.analysis.influence.jobs import OUTCOMES
from zoograph.training.analysis.influence.small_tasks import SmallTask

LEAST_MODELS = 8
"""Fewer models give no standard error worth its name."""

_RELIABLE = 0.5


class Estimate(NamedTuple):
    """Influences of U units on one outcome on a target of T classes.

    Attributes:
        outcome: one of :data:`zoograph.training.analysis.influence.jobs.OUTCOMES`.
        overall: (U,) mean over the test examples; positive helps. Zero where it is not defined.
        errors: (U,) its standard error over models; infinite where it is not defined.
        by_class: (T, U) mean over the test examples of each class; zero for a class without any.
        class_errors: (T, U) its standard errors; infinite for a class without test examples.
        num_in: (U,) models that saw a unit.
        num_out: (U,) models that did not.
        mean: of the outcome, over models and examples.
    """

    outcome: str
    overall: NDArray[np.float64]
    errors: NDArray[np.float64]
    by_class: NDArray[np.float64]
    class_errors: NDArray[np.float64]
    num_in: NDArray[np.int64]
    num_out: NDArray[np.int64]
    mean: float

    @property
    def defined(self) -> NDArray[np.bool_]:
        """(U,) Whether some models saw a unit and some did not."""
        return (self.num_in > 0) & (self.num_out > 0)

    @property
    def reliability(self) -> float:
        """Which part of the variance of the influences over units is not noise, in [0, 1]."""
        return reliability(self.overall[self.defined], self.errors[self.defined])

    @property
    def num_models(self) -> int:
        """Models that it rests on."""
        return int(self.num_in[0] + self.num_out[0])

    def warning(self) -> str | None:
        """Return what is to be said of an estimate that is mostly noise, in one sentence."""
        if self.reliability >= _RELIABLE:
            return None
        error = float(np.sqrt(np.mean(np.square(self.errors[self.defined]))))
        spread = float(np.std(self.overall[self.defined]))
        return (
            f"{self.num_models} models are too few to rank these: the standard error is {error:.4f}, and the "
            f"influences spread by {spread:.4f}, noise included. Ask for more models."
        )

    def order(self) -> NDArray[np.int64]:
        """Return the units whose influence is defined, the most harmful first."""
        known = np.flatnonzero(self.defined)
        return known[np.argsort(self.overall[known], kind="stable")]


def estimate(ensemble: Ensemble, target: SmallTask, outcome: str = "correct", draws: int = 1000) -> Estimate:
    """Estimate influences on a target; models that are missing are trained and transferred first.

    Args:
        ensemble: models that saw random halves of the source.
        target: what they are transferred to.
        outcome: ``correct``, ``margin`` or ``probability``.
        draws: of the bootstrap.

    Raises:
        ZoographError: if the outcome has another name, or if there are too few models.
    """
    values = read_outcomes(ensemble, target, outcome)
    keep, labels = ensemble.members.keep, target.test_labels
    numbers, groups = np.unique(labels, return_inverse=True)
    means = np.column_stack([values.mean(axis=1, dtype=np.float64), group_means(values, groups)])
    found, errors = influence(keep, means), standard_errors(keep, means, draws)
    by_class = np.zeros((len(target.classes), keep.shape[1]))
    class_errors = np.full_like(by_class, np.inf)
    by_class[numbers], class_errors[numbers] = found.values[1:], errors[1:]
    return Estimate(
        outcome,
        found.values[0],
        errors[0],
        by_class,
        class_errors,
        found.num_in,
        found.num_out,
        float(means[:, 0].mean()),
    )


def influence_by_example(ensemble: Ensemble, target: SmallTask, outcome: str = "correct") -> Influence:
    """Return the influence of every unit on every test example of a target, (N, U); see :func:`estimate`."""
    return influence(ensemble.members.keep, read_outcomes(ensemble, target, outcome))


def read_outcomes(ensemble: Ensemble, target: SmallTask, outcome: str) -> NDArray[np.float32]:
    """Return one outcome of every model on every test example, (M, N), mapped; see :func:`estimate`."""
    if outcome not in OUTCOMES:
        raise ZoographError(f"The outcome must be one of {', '.join(OUTCOMES)} (got '{outcome}').")
    models = len(ensemble.members.seeds)
    if models < LEAST_MODELS:
        raise ZoographError(
            f"An influence with a standard error needs at least {LEAST_MODELS} models (got {models}). "
            "Ask for more models."
        )
    return ensemble.transfer(target)["outcomes"][:, OUTCOMES.index(outcome)]


def influence_rows(source: SmallTask, target: SmallTask, estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    """Return the rows of a table of class influences: one for each class of the source and each outcome.

    Classes whose influence is not defined have none. Values are rounded to six significant digits.
    """
    return [
        {
            "source": SOURCE,
            "label": label,
            "corpus": source.id,
            "dataset": target.id,
            "name": f"influence_{one.outcome}",
            "value": float(f"{one.overall[unit]:.6g}"),
            "standard_error": float(f"{one.errors[unit]:.6g}"),
            "num_models": one.num_models,
        }
        for one in estimates
        for unit, label in enumerate(source.classes)
        if one.defined[unit]
    ]
