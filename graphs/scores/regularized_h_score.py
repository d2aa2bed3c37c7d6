"""Regularised H-score: the H-score with the covariance of Ledoit and Wolf, of use where samples are few."""

from __future__ import annotations

import torch

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
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
    moments = inputs.moments
    num_samples, num_features = moments.features.shape
    if moments.total == 0:
        raise UndefinedScore("all samples have the same features")
    shrinkage = _shrinkage(inputs)
    if shrinkage == 1:
        return 0.0
    # (1 - a) Sigma + a mu I, times N / (1 - a): the scatter and a ridge.
    ridge = shrinkage / (1 - shrinkage) * moments.total / num_features
    matrix = moments.scatter.clone()
    matrix.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if int(failed):
        raise UndefinedScore("the shrinkage is too small to make the covariance regular")
    counts = inputs.counts.double()
    if moments.is_dual:
        # x' (X' X + r)^-1 x of the class sums X' y is y' y - r y' (X X' + r)^-1 y.
        indicators = torch.nn.functional.one_hot(inputs.targets, inputs.num_classes).double()
        solved = torch.linalg.solve_triangular(factor, indicators, upper=False).square().sum(dim=0)
        energies = counts - ridge * solved
    else:
        energies = torch.linalg.solve_triangular(factor, inputs.class_sums.T, upper=False).square().sum(dim=0)
    return float((energies / counts).sum()) * num_samples / (num_samples - 1)


def _shrinkage(inputs: ScoreInputs) -> float:
    """Return the shrinkage in [0, 1] of Ledoit and Wolf, Journal of Multivariate Analysis 88, 2004."""
    moments = inputs.moments
    num_samples, num_features = moments.features.shape
    fourth = float(torch.linalg.vector_norm(moments.centred, dim=1).pow(4).sum()) / num_samples
    squared = float(moments.scatter.square().sum()) / num_samples**2
    distance = squared - (moments.total / num_samples) ** 2 / num_features
    if distance <= torch.finfo(torch.float64).eps * squared:
        raise UndefinedScore("the features spread alike in every direction")
    return min(max((fourth - squared) / num_samples, 0.0) / distance, 1.0)
