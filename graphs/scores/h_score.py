"""H-score: how much of the features' variance, whitened, lies between the classes."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.spec import of_values, score
from zoograph.graphs.scores.undefined import UndefinedScore

_WELL_CONDITIONED = 1e-10  # of squared pivots, far above rounding


@score(
    "H-score", "Bao et al., An Information-Theoretic Approach to Transferability in Task Transfer Learning, ICIP 2019"
)
def h_score(inputs: ScoreInputs) -> float:
    r"""Return the H-score.

    :math:`\mathrm{tr}(\mathrm{cov}(f)^{+} \mathrm{cov}(E[f | y]))`: Bao et al., "An Information-Theoretic Approach to
    Transferability in Task Transfer Learning", ICIP 2019, definition 2. No invertible linear map of the features
    changes it. With N <= D samples in general position it is C - 1 whatever the features:
    :func:`~zoograph.graphs.scores.regularized_h_score.regularized_h_score` is for those.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.

    Returns:
        A number in [0, min(C - 1, D)], higher is better.

    Raises:
        UndefinedScore: if all samples are the same.
    """
    if inputs.moments.total == 0:
        raise UndefinedScore("all samples have the same features")
    if inputs.moments.is_dual:
        sums = inputs.sum_by_class(_basis(inputs.moments))
    else:
        sums = _whiten(inputs.moments, inputs.class_sums)
    return float((sums.square().sum(dim=1) / inputs.counts).sum())


@of_values(h_score)
def h_score_regression(inputs: RealInputs) -> float:
    r"""Return the H-score of real targets, with the mean feature given the targets taken as linear in them.

    Then :math:`\mathrm{tr}(\mathrm{cov}(f)^{+} \mathrm{cov}(E[f | y]))` is the sum of squared canonical correlations
    of features and targets: of one target, R squared of the least squares that predict it. So it is for features and
    targets that are normal together, and for two classes, where it is :func:`h_score`.

    Args:
        features: (N, D) features.
        targets: (N, K) real targets.

    Returns:
        A number in [0, min(K, D)], higher is better.

    Raises:
        ValueError: if the shapes do not fit together.
        UndefinedScore: if all samples are the same, a target is constant or follows from the others, or the features
            of so few samples explain whatever target exactly.
    """
    moments = inputs.moments
    if moments.total == 0:
        raise UndefinedScore("all samples have the same features")
    directions = inputs.directions
    sums = directions.T @ _basis(moments) if moments.is_dual else _whiten(moments, directions.T @ moments.centred)
    if sums.shape[1] >= len(directions) - 1:
        raise UndefinedScore("so many features explain whatever targets of so few samples exactly")
    return float(sums.square().sum())


def _whiten(moments: Moments, sums: Tensor) -> Tensor:
    """Return (C, K) sums of the centred features of N >= D samples after whitening, without the constant features."""
    scatter = moments.scatter
    spread = scatter.diagonal().sqrt()
    kept = spread > 0
    sums = (sums / spread)[:, kept]
    correlation = (scatter / torch.outer(spread, spread))[kept][:, kept]
    factor, failed = torch.linalg.cholesky_ex(correlation)
    if not int(failed) and bool(factor.diagonal().square().min() > _WELL_CONDITIONED):
        return torch.linalg.solve_triangular(factor, sums.T, upper=False).T
    values, vectors = _range(moments, correlation)
    return sums @ (vectors / values.sqrt())


def _basis(moments: Moments) -> Tensor:
    """Return N < D samples after whitening: an orthonormal basis (N, K) of the range of their products."""
    return _range(moments, moments.scatter)[1]


def _range(moments: Moments, matrix: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    kept = values > moments.resolution(values[-1])
    return values[kept], vectors[:, kept]
