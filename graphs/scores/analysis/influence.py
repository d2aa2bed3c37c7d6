r"""Influence of parts of a source on transfer: what a model's having seen a class does to its outcome on a target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.graphs.scores.undefined import UndefinedScore

Masks = NDArray[np.bool_]
Outcomes = NDArray[np.floating]


class Influence(NamedTuple):
    """Influences of U units of a source on N outcomes.

    Attributes:
        values: (N, U) float64, in the unit of the outcome; positive where models that saw the unit do better. Zero
            where it is not :attr:`defined`.
        num_in: (U,) models that saw each unit.
        num_out: (U,) models that did not.
    """

    values: NDArray[np.float64]
    num_in: NDArray[np.int64]
    num_out: NDArray[np.int64]

    @property
    def defined(self) -> NDArray[np.bool_]:
        """(U,) Whether there are models that saw the unit, and models that did not."""
        return (self.num_in > 0) & (self.num_out > 0)


class InfluenceSums:
    """Running sums over models, which may come in any blocks and any order."""

    def __init__(self, num_units: int, num_outcomes: int) -> None:
        self._seen = np.zeros((num_outcomes, num_units))
        self._total = np.zeros(num_outcomes)
        self._num_in = np.zeros(num_units, dtype=np.int64)
        self._models = 0

    def add(self, masks: Masks, outcomes: Outcomes) -> None:
        """Count a block of models.

        Args:
            masks: (M, U) whether a model saw a unit.
            outcomes: (M, N) finite.

        Raises:
            ValueError: if the shapes do not fit, or an outcome is not finite.
        """
        masks, found = _checked(masks, outcomes)
        if masks.shape[1] != len(self._num_in) or found.shape[1] != len(self._total):
            raise ValueError(
                f"a block must be (M, {len(self._num_in)}) and (M, {len(self._total)}) "
                f"(got {masks.shape} and {found.shape})"
            )
        self._seen += found.T @ masks.astype(np.float64)
        self._total += found.sum(axis=0)
        self._num_in += masks.sum(axis=0)
        self._models += len(masks)

    def result(self) -> Influence:
        """Return the influences of what was counted.

        Raises:
            UndefinedScore: if no unit was both seen by a model and not seen by another.
        """
        num_out = self._models - self._num_in
        if not ((self._num_in > 0) & (num_out > 0)).any():
            raise UndefinedScore(
                f"an influence needs a model that saw the class and one that did not (got {self._models} models, "
                "and every class in all or in none of them)"
            )
        return Influence(_difference(self._seen, self._total[:, None], self._num_in, num_out), self._num_in, num_out)


def influence(masks: Masks, outcomes: Outcomes, block: int = 64) -> Influence:
    r"""Estimate influences as differences of means over models.

    Jain, Salman, Khaddaj, Wong, Park and Madry, `A data-based perspective on transfer learning
    <https://arxiv.org/abs/2207.05739>`_. With :math:`m_{kc}` whether model k saw unit c of the source, and
    :math:`f_k(i)` its outcome on target example i after transfer,

    .. math::

        I_{ic} = \frac{\sum_k m_{kc} f_k(i)}{\sum_k m_{kc}} - \frac{\sum_k (1 - m_{kc}) f_k(i)}{\sum_k (1 - m_{kc})}

    Sums are in float64, over blocks of models: both arrays may be memory-mapped.

    Args:
        masks: (M, U).
        outcomes: (M, N) finite, such as 1 for a correct prediction, a margin or a probability.
        block: models that are read at once.

    Returns:
        The (N, U) influences, in the unit of the outcome: higher is more helpful. Those of a unit that was always or
        never seen are not ``defined``, and zero.

    Raises:
        ValueError: if the shapes do not fit, or an outcome is not finite.
        UndefinedScore: if no unit has an influence.

    >>> masks = np.array([[True, False], [False, True], [True, True], [False, False]])
    >>> influence(masks, np.array([[1.0], [0.0], [1.0], [0.0]])).values
    array([[1., 0.]])
    """
    if masks.ndim != 2 or outcomes.ndim != 2 or len(masks) != len(outcomes):
        raise ValueError(f"'masks' must be (M, U) and 'outcomes' (M, N) (got {masks.shape} and {outcomes.shape})")
    sums = InfluenceSums(masks.shape[1], outcomes.shape[1])
    for start in range(0, len(masks), block):
        sums.add(masks[start : start + block], outcomes[start : start + block])
    return sums.result()


def standard_errors(masks: Masks, outcomes: Outcomes, draws: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """Estimate the standard errors of :func:`influence` by a bootstrap over models.

    Args:
        masks: (M, U).
        outcomes: (M, N) finite; few, such as means over the examples of a target and of each of its classes.
        draws: samples of M models with replacement; of each unit those count in which its influence is defined.
        seed: of the samples.

    Returns:
        (N, U) standard deviations over the samples; infinite where fewer than two samples define an influence.

    Raises:
        ValueError: if the shapes do not fit, or an outcome is not finite.
    """
    masks, found = _checked(masks, outcomes)
    models = len(masks)
    weights = np.random.default_rng(seed).multinomial(models, np.full(models, 1 / models), size=draws).astype(float)
    seen = masks.astype(np.float64)
    num_in = weights @ seen
    usable = (num_in > 0) & (num_in < models)
    count = usable.sum(axis=0)
    errors = np.full((found.shape[1], seen.shape[1]), np.inf)
    for row, outcome in enumerate(found.T):
        weighted = weights * outcome
        values = _difference(weighted @ seen, weighted.sum(axis=1, keepdims=True), num_in, models - num_in)
        mean = values.sum(axis=0) / np.maximum(count, 1)
        squares = np.where(usable, (values - mean) ** 2, 0.0).sum(axis=0)
        errors[row, count > 1] = np.sqrt(squares[count > 1] / (count[count > 1] - 1))
    return errors


def group_means(outcomes: Outcomes, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average the outcomes of target examples over groups of them, such as the classes of the target.

    Args:
        outcomes: (M, N).
        groups: (N,) numbers 0 … G - 1, each of which occurs.

    Returns:
        (M, G), whose influences are the means of those of the examples.
    """
    member = np.eye(int(groups.max()) + 1)[groups]
    return np.asarray(outcomes, dtype=np.float64) @ (member / member.sum(axis=0))


def reliability(values: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
    """Return which part of the variance of influences over units is not noise, in [0, 1]; higher is better.

    Args:
        values: (U,) influences on one outcome.
        errors: (U,) their standard errors.
    """
    spread = float(np.var(values))
    noise = float(np.mean(np.square(errors)))
    return max(0.0, 1 - noise / spread) if spread > 0 else 0.0


def _difference(
    seen: NDArray[np.float64],
    total: NDArray[np.float64],
    num_in: NDArray[np.integer | np.floating],
    num_out: NDArray[np.integer | np.floating],
) -> NDArray[np.float64]:
    """Return the mean of those that saw minus that of those that did not; zero where one of them is missing."""
    means = seen / np.maximum(num_in, 1) - (total - seen) / np.maximum(num_out, 1)
    return np.where((num_in > 0) & (num_out > 0), means, 0.0)


def _checked(masks: Masks, outcomes: Outcomes) -> tuple[Masks, NDArray[np.float64]]:
    if masks.ndim != 2 or outcomes.ndim != 2 or len(masks) != len(outcomes) or masks.dtype != np.bool_:
        raise ValueError(
            f"'masks' must be bool (M, U) and 'outcomes' (M, N) (got {masks.dtype} {masks.shape} and {outcomes.shape})"
        )
    found = np.asarray(outcomes, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError("'outcomes' must be finite (got NaN or infinity)")
    return masks, found
