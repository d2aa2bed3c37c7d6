"""All scores of a model on a dataset, with what they have in common computed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.registry import SCORES, find_score
from zoograph.graphs.scores.spec import PROBABILITIES, SOURCE_TASK, ScoreSpec
from zoograph.graphs.scores.undefined import UndefinedScore


def compute_scores(
    inputs: ScoreInputs | RealInputs,
    names: Iterable[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float | UndefinedScore]:
    """Compute scores of one model on one dataset, sharing what they have in common.

    Args:
        inputs: features, labels and what is known of the source; or features and real targets.
        names: keys of :data:`SCORES`; None is all those whose needs the inputs meet, and of real targets those that
            are defined for them.
        progress: called with (scores done, scores in all).

    Returns:
        For each name a finite number, higher is better, or the :class:`UndefinedScore` that says why there is none.

    Raises:
        UnknownName: if a name is no key of :data:`SCORES`.
    """
    chosen, found = _chosen(inputs, names), {}
    for number, spec in enumerate(chosen, 1):
        found[spec.name] = _compute(spec, inputs)
        if progress is not None:
            progress(number, len(chosen))
    return found


def _chosen(inputs: ScoreInputs | RealInputs, names: Iterable[str] | None) -> list[ScoreSpec]:
    if names is not None:
        return [find_score(name) for name in names]
    if isinstance(inputs, RealInputs):
        return [spec for spec in SCORES.values() if spec.of_values is not None]
    return [spec for spec in SCORES.values() if spec.needs <= _met(inputs)]


def _met(inputs: ScoreInputs) -> set[str]:
    given = {PROBABILITIES: inputs.source_probabilities, SOURCE_TASK: inputs.source_features}
    return {need for need, value in given.items() if value is not None}


def _compute(spec: ScoreSpec, inputs: ScoreInputs | RealInputs) -> float | UndefinedScore:
    try:
        value = _of_values(spec, inputs) if isinstance(inputs, RealInputs) else _of_classes(spec, inputs)
    except UndefinedScore as undefined:
        return undefined
    return value if math.isfinite(value) else UndefinedScore("it leaves the range of floating-point numbers")


def _of_classes(spec: ScoreSpec, inputs: ScoreInputs) -> float:
    missing = spec.needs - _met(inputs)
    if missing:
        raise UndefinedScore(f"it needs {' and '.join(sorted(missing))}, which the inputs lack")
    return spec.compute(inputs)


def _of_values(spec: ScoreSpec, inputs: RealInputs) -> float:
    if spec.of_values is None:
        raise UndefinedScore("it needs classes, and these targets are real values")
    return spec.of_values(inputs)
