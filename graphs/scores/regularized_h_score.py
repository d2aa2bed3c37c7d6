"""Regularised H-score: the H-score with the covariance of Ledoit and Wolf, of use where samples are few."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.spec import of_values, score
from zoograph.graphs.scores.undefined import UndefinedScore


@score(
    "regularised H-score",
    "Ibrahim et al., Newer is not always better: Rethinking transferability metrics, ECML-PKDD 2022",
)
def regularized_h_score(inputs: ScoreInputs) -> float:
    r"""Return the regularised H-score.

    :math:`\mathrm{tr}(\Sigma_a^{-1} (1 - a) \mathrm{cov}(E[f | y]))` with :math:`\Sigma_a = (1 - a) \Sigma + a \mu I`,
    :math:`\mu` the mean variance of a feature and `a` the shrinkage of Ledoit and Wolf (2004): Ibrahim et al., "Newer
    is not always better: Rethinking transferability metrics, their peculiarities, stability and performance", ECML-PKDD
    2022. As in the authors' code the first covariance divides by N and the second by N - 1.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.

    Returns:
        A number in [0, C - 1] (times N / (N - 1)), higher is better; 0 where the shrinkage is complete.

    Raises:
        UndefinedScore: if all samples are the same, or spread alike in every direction, so that no shrinkage
            is defined.
    """
    moments, counts = inputs.moments, inputs.counts.double()
    # Of N >= D samples their sums by class say everything; of fewer, which samples are in which.
    indicators = torch.nn.functional.one_hot(inputs.targets, inputs.num_classes).double() if moments.is_dual else None
    energies = _energies(moments, inputs.class_sums if indicators is None else indicators.T, counts)
    return float((energies / counts).sum()) * inputs.num_samples / (inputs.num_samples - 1)


@of_values(regularized_h_score)
def regularized_h_score_regression(inputs: RealInputs) -> float:
    """Return the regularised H-score of real targets.

    The mean feature given the targets is taken as linear in them, as in
    :func:`zoograph.graphs.scores.h_score.h_score_regression`; of two classes it is :func:`regularized_h_score`.

    Args:
        features: (N, D) features.
        targets: (N, K) real targets.

    Returns:
        A number in [0, K] (times N / (N - 1)), higher is better; 0 where the shrinkage is complete.

    Raises:
        ValueError: if the shapes do not fit together.
        UndefinedScore: as in :func:`regularized_h_score`, and if a target is constant or follows from the others.
    """
    moments, directions = inputs.moments, inputs.directions
    rows = directions.T if moments.is_dual else directions.T @ moments.centred
    num_samples = len(directions)
    return float(_energies(moments, rows, rows.new_ones(len(rows))).sum()) * num_samples / (num_samples - 1)


def _energies(moments: Moments, rows: Tensor, squares: Tensor) -> Tensor:
    """Return how much of each of C vectors over the samples the features explain, after shrinkage.

    Args:
        moments: of the features.
        rows: (C, D) products of the vectors with N >= D centred samples, or (C, N) the vectors of fewer.
        squares: (C,) squared lengths of the vectors.
    """
    if moments.total == 0:
        raise UndefinedScore("all samples have the same features")
    shrinkage = _shrinkage(moments)
    if shrinkage == 1:
        return torch.zeros_like(squares)
    # (1 - a) Sigma + a mu I, times N / (1 - a): the scatter and a ridge.
    ridge = shrinkage / (1 - shrinkage) * moments.total / moments.features.shape[1]
    matrix = moments.scatter.clone()
    matrix.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if int(failed):
        raise UndefinedScore("the shrinkage is too small to make the covariance regular")
    solved = torch.linalg.solve_triangular(factor, rows.T, upper=False).square().sum(dim=0)
    # x' (X' X + r)^-1 x of the sums X' y is y' y - r y' (X X' + r)^-1 y.
    return squares - ridge * solved if moments.is_dual else solved


def _shrinkage(moments: Moments) -> float:
    """Return the shrinkage in [0, 1] of Ledoit and Wolf, Journal of Multivariate Analysis 88, 2004."""
    num_samples, num_features = moments.features.shape
    fourth = float(torch.linalg.vector_norm(moments.centred, dim=1).pow(4).sum()) / num_samples
    squared = float(moments.scatter.square().sum()) / num_samples**2
    distance = squared - (moments.total / num_samples) ** 2 / num_features
    if distance <= torch.finfo(torch.float64).eps * squared:
        raise UndefinedScore("the features spread alike in every direction")
    return min(max((fourth - squared) / num_samples, 0.0) / distance, 1.0)
