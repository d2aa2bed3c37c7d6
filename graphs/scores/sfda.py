"""SFDA: Fisher's discriminant on features that a first discriminant made harder to separate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.moments import self_product
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

_RESOLUTION = 1e-12  # a part of the spread smaller than this is rounding
_CANCELLED = 1e-3  # what is left of a difference below this part has lost digits


@score(
    "SFDA",
    "Shao et al., Not All Models Are Equal: Predicting Model Transferability in a Self-challenging Fisher Space, "
    "ECCV 2022",
)
def sfda(inputs: ScoreInputs) -> float:
    r"""Return the self-challenging Fisher discriminant score.

    A Fisher discriminant with the within-class covariance :math:`(1 - s) S_w + s \mu I` gives each sample a probability
    of its class; the less certain it is, the closer the sample is moved to the mean of the other classes' means; the
    score is the mean probability of the true class under a second discriminant, on the moved features. Shao et al.,
    "Not All Models Are Equal: Predicting Model Transferability in a Self-challenging Fisher Space", ECCV 2022. As in
    the authors' code :math:`s = \max(\exp(-5 \lambda), 10^{-10})` with the largest eigenvalue :math:`\lambda` of
    :math:`S_w` taken from three double steps of the power method, the certainty passes a second softmax, and the mean
    is one of probabilities, not of their logarithms.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.

    Returns:
        A number in (0, 1], higher is better. It depends on the scale of the features, and is 1 where N < D samples can
        be told apart without error.

    Raises:
        UndefinedScore: if the features do not vary within classes, or those of every sample add up to the same.
    """
    rows, targets = inputs.moments.centred, inputs.targets
    means = inputs.class_sums / inputs.counts[:, None]
    covariance = _within_from_total(inputs, means)
    if float(covariance.diagonal().sum()) * inputs.num_samples <= _CANCELLED * inputs.moments.total:
        covariance = _within(inputs, rows, means)
    if float(covariance.diagonal().sum()) * inputs.num_samples <= _RESOLUTION * inputs.moments.total:
        raise UndefinedScore("the features do not vary within classes")
    shrinkage = max(math.exp(-5 * _largest_eigenvalue(covariance)), 1e-10)
    certainty = _true(_posterior(inputs, rows, means, covariance, shrinkage).softmax(dim=1), targets)
    others = (means.sum(dim=0) - means) / (inputs.num_classes - 1)
    moved = others[targets].lerp_(rows, certainty)
    means = inputs.sum_by_class(moved) / inputs.counts[:, None]
    posterior = _posterior(inputs, moved, means, _within(inputs, moved, means), shrinkage)
    return float(_true(posterior, targets).mean())


def _within_from_total(inputs: ScoreInputs, means: Tensor) -> Tensor:
    """Return the same as :func:`_within` of the features, but for rounding: what is in all less what is between."""
    between = means.T @ inputs.class_sums
    total = inputs.moments.centred.T @ inputs.moments.centred if inputs.moments.is_dual else inputs.moments.scatter
    return (total - between).div_(inputs.num_samples)


def _within(inputs: ScoreInputs, rows: Tensor, means: Tensor) -> Tensor:
    """Return the (D, D) covariance within classes."""
    return self_product(rows - means[inputs.targets]).div_(inputs.num_samples)


def _largest_eigenvalue(covariance: Tensor) -> float:
    vector = covariance.sum(dim=1)
    if float(vector.norm()) <= _RESOLUTION * float(covariance.norm()):
        raise UndefinedScore("the features of every sample add up to the same, where the power method has no start")
    for _ in range(3):
        before = torch.nn.functional.normalize(covariance @ vector, dim=0)
        vector = torch.nn.functional.normalize(covariance @ before, dim=0)
    return float(vector @ covariance @ before)


def _posterior(inputs: ScoreInputs, rows: Tensor, means: Tensor, covariance: Tensor, shrinkage: float) -> Tensor:
    """Return the (N, C) class probabilities under the discriminant."""
    spread = float(covariance.diagonal().mean())
    shrunk = covariance.mul_(1 - shrinkage)
    shrunk.diagonal().add_(shrinkage * spread)
    factor, failed = torch.linalg.cholesky_ex(shrunk)
    if int(failed):
        raise UndefinedScore("the covariance within classes cannot be inverted")
    directions = torch.cholesky_solve(means.T, factor)
    priors = inputs.counts.double() / inputs.num_samples
    offsets = priors.log() - (means * directions.T).sum(dim=1) / 2
    return (rows @ directions + offsets).softmax(dim=1)


def _true(probabilities: Tensor, targets: Tensor) -> Tensor:
    return probabilities.gather(1, targets[:, None])
