"""H-score: how much of the features' variance, whitened, lies between the classes."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
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
    sums = _projected_sums(inputs) if inputs.moments.is_dual else _whitened_sums(inputs)
    return float((sums.square().sum(dim=1) / inputs.counts).sum())


def _whitened_sums(inputs: ScoreInputs) -> Tensor:
    """Return the (C, K) class sums of N >= D samples after whitening, without the features that are constant."""
    scatter = inputs.moments.scatter
    spread = scatter.diagonal().sqrt()
    kept = spread > 0
    sums = (inputs.class_sums / spread)[:, kept]
    correlation = (scatter / torch.outer(spread, spread))[kept][:, kept]
    factor, failed = torch.linalg.cholesky_ex(correlation)
    if not int(failed) and bool(factor.diagonal().square().min() > _WELL_CONDITIONED):
        return torch.linalg.solve_triangular(factor, sums.T, upper=False).T
    values, vectors = _range(inputs, correlation)
    return sums @ (vectors / values.sqrt())


def _projected_sums(inputs: ScoreInputs) -> Tensor:
    """Return the (C, K) class sums of N < D whitened samples: an orthonormal basis of the range of their products."""
    return inputs.sum_by_class(_range(inputs, inputs.moments.scatter)[1])


def _range(inputs: ScoreInputs, matrix: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    kept = values > inputs.moments.resolution(values[-1])
    return values[kept], vectors[:, kept]
