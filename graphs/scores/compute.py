"""All scores of a pair, or of many pairs, with what they have in common computed once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.moments import decompose_together
from zoograph.graphs.scores.registry import PROBABILITIES, SCORES, SOURCE_TASK, ScoreSpec, find_score
from zoograph.graphs.scores.undefined import UndefinedScore

# Scores that read `ScoreInputs.moments.spectrum`, whose decompositions a batch shares.
_SPECTRAL = frozenset({"logme"})


_MAX_STACKED = 2**26  # features: 512 MiB in float64


def compute_scores(inputs: ScoreInputs, names: Iterable[str] | None = None) -> dict[str, float | UndefinedScore]:
    """Compute scores of one model on one dataset, sharing what they have in common.

    Args:
        inputs: features, labels and what is known of the source.
        names: keys of :data:`SCORES`; None is all those whose needs the inputs meet.

    Returns:
        For each name a finite number, higher is better, or the :class:`UndefinedScore` that says why there is none.

    Raises:
        UnknownName: if a name is no key of :data:`SCORES`.
    """
    return {spec.name: _compute(spec, inputs) for spec in _chosen(inputs, names)}


def compute_scores_batch(
    inputs: Sequence[ScoreInputs], names: Iterable[str] | None = None
) -> list[dict[str, float | UndefinedScore]]:
    """Compute scores of many pairs: :func:`compute_scores` of each, with decompositions of equal shapes batched.

    Raises:
        UnknownName: if a name is no key of :data:`SCORES`.
    """
    wanted = None if names is None else tuple(names)
    chosen = [_chosen(one, wanted) for one in inputs]
    results: list[dict[str, float | UndefinedScore]] = [{} for _ in inputs]
    for stack in _stacks(inputs):
        fresh = [replace(inputs[index]) for index in stack]  # what they share is freed with the stack
        if any(spec.name in _SPECTRAL for index in stack for spec in chosen[index]):
            decompose_together([one.moments for one in fresh])
        for index, one in zip(stack, fresh, strict=True):
            results[index] = {spec.name: _compute(spec, one) for spec in chosen[index]}
    return results


def _stacks(inputs: Sequence[ScoreInputs]) -> Iterator[list[int]]:
    """Yield the positions of inputs that are decomposed together: Gram matrices of one shape, bounded memory."""
    groups: dict[tuple[int, torch.device], list[int]] = {}
    for index, one in enumerate(inputs):
        groups.setdefault((min(one.features.shape), one.features.device), []).append(index)
    for group in groups.values():
        step = max(1, _MAX_STACKED // max(inputs[index].features.numel() for index in group))
        for start in range(0, len(group), step):
            yield group[start : start + step]


def _chosen(inputs: ScoreInputs, names: Iterable[str] | None) -> list[ScoreSpec]:
    if names is None:
        return [spec for spec in SCORES.values() if spec.needs <= _met(inputs)]
    return [find_score(name) for name in names]


def _met(inputs: ScoreInputs) -> set[str]:
    given = {PROBABILITIES: inputs.source_probabilities, SOURCE_TASK: inputs.source_features}
    return {need for need, value in given.items() if value is not None}


def _compute(spec: ScoreSpec, inputs: ScoreInputs) -> float | UndefinedScore:
    missing = spec.needs - _met(inputs)
    if missing:
        return UndefinedScore(f"it needs {' and '.join(sorted(missing))}, which the inputs lack")
    try:
        value = spec.compute(inputs)
    except UndefinedScore as undefined:
        return undefined
    return value if math.isfinite(value) else UndefinedScore("it leaves the range of floating-point numbers")
