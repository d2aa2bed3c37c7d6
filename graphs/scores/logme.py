"""LogME: the logarithm of the maximum evidence of a Bayesian linear regression from features to labels."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

Variant = Literal["evidence", "fixed_point"]

_RESOLUTION = 1e-12  # a residual smaller than this part of its target is rounding
_MARGIN, _STEP, _HALVINGS = 30.0, 0.5, 30  # of the search over log t


@score("LogME", "You et al., LogME: Practical Assessment of Pre-trained Models for Transfer Learning, ICML 2021")
def logme(inputs: ScoreInputs, *, variant: Variant = "evidence") -> float:
    r"""Return LogME of a classification target.

    Each class is regressed one against the rest, :math:`y = F w + \epsilon` with :math:`w \sim N(0, \alpha^{-1} I)` and
    :math:`\epsilon \sim N(0, \beta^{-1} I)`; the score is the mean over classes of
    :math:`\max_{\alpha, \beta} \log p(y | F, \alpha, \beta) / N`. You et al., "LogME: Practical Assessment of
    Pre-trained Models for Transfer Learning", ICML 2021, equation 2 and algorithm 1. Features are used as they are, not
    centred.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        variant: "evidence" maximises the evidence over the one ratio t = alpha / beta that it depends on once the noise
            is solved for. "fixed_point" repeats the authors' later code (You et al., "Ranking and Tuning Pre-trained
            Models", JMLR 2022): at most eleven steps from alpha = beta = 1, and for N < D a value that is too high
            by the mean over classes of (D - N) / (2 N) log(alpha), because the log determinant leaves out the D - N
            directions without data; with Z features that are zero throughout and N > D, by Z / (2 N) log(alpha). Use
            it to compare with published figures only.

    Returns:
        The score in nats per sample, higher is better; it can have either sign.

    Raises:
        UndefinedScore: if all features are zero, or if ("evidence") they fit a class exactly with samples to spare,
            which leaves the evidence without upper bound.
    """
    moments, counts = inputs.moments, inputs.counts.double()
    if moments.is_dual:
        coordinates = inputs.sum_by_class(moments.spectrum.vectors)
    else:
        coordinates = _coordinates(moments, inputs.class_sums + torch.outer(counts, moments.mean))
    return _mean_evidence(moments, coordinates, counts, variant)


def logme_regression(features: Tensor, targets: Tensor, *, variant: Variant = "evidence") -> float:
    """Return LogME of real targets: :func:`logme` with the columns of a matrix in place of the classes.

    Args:
        features: (N, D) features.
        targets: (N, K) real targets, used as they are; no column may be zero throughout.
        variant: as in :func:`logme`.

    Returns:
        The mean over columns in nats per sample, higher is better.

    Raises:
        ValueError: if the shapes do not fit together.
        UndefinedScore: as in :func:`logme`, and if a value is NaN or infinite or a target is zero throughout.
    """
    if features.ndim != 2 or targets.ndim != 2 or targets.shape[0] != features.shape[0] or not targets.numel():
        raise ValueError(
            f"features must be (N, D) and targets (N, K) (got {tuple(features.shape)} and {tuple(targets.shape)})"
        )
    if not bool(torch.isfinite(features).all() and torch.isfinite(targets).all()):
        raise UndefinedScore("features or targets hold NaN or infinite values")
    moments, columns = Moments(features), targets.double()
    squares = columns.square().sum(dim=0)
    if bool((squares == 0).any()):
        raise UndefinedScore("a target is zero throughout")
    if moments.is_dual:
        coordinates = columns.T @ moments.spectrum.vectors
    else:
        coordinates = _coordinates(moments, columns.T @ features.double())
    return _mean_evidence(moments, coordinates, squares, variant)


def _coordinates(moments: Moments, products: Tensor) -> Tensor:
    """Return the (C, D) coordinates of targets along the left singular vectors, from their products with features."""
    values, vectors = moments.spectrum
    return (products @ vectors) * values.rsqrt().where(values > 0, 0.0)


def _mean_evidence(moments: Moments, coordinates: Tensor, squares: Tensor, variant: Variant) -> float:
    """Return the mean evidence of targets with (C, K) coordinates along the spectrum and (C,) squared norms."""
    values = moments.spectrum.values
    if not bool(values[-1] > 0):
        raise UndefinedScore("all features are zero")
    energies = coordinates.square().where(values > 0, 0.0)
    outside = squares - energies.sum(dim=1)
    outside = outside.where(outside > _RESOLUTION * squares, 0.0)
    num_samples, num_features = moments.features.shape
    if variant == "fixed_point":
        # In the authors' decomposition rounding passes for spread: only features of zeros are left out.
        alive = int((moments.features != 0).any(dim=0).sum()) if num_samples > num_features else len(values)
        evidence = _fixed_point(values[-alive:], energies[:, -alive:], outside, num_samples, num_features)
    else:
        kept = values > 0
        if int(kept.sum()) < num_samples and bool((outside == 0).any()):
            raise UndefinedScore("the features fit a class exactly, so that its evidence has no upper bound")
        evidence = _maximum(values[kept], energies[:, kept], outside, num_samples)
    return float(evidence.mean()) / num_samples


def _maximum(values: Tensor, energies: Tensor, outside: Tensor, num_samples: int) -> Tensor:
    """Return the (C,) maxima over t of the log evidence, with the best noise for each t.

    With q(t) the quadratic form of a target in (I + F F' / t)^-1, the noise variance is q / N and the log evidence
    -N/2 log(2 pi e q / N) - 1/2 sum log(1 + values / t). A grid over log t finds the highest hill, halving its top.
    """

    def quadratic(shrunk: Tensor) -> Tensor:
        return (energies * shrunk).sum(dim=1) + outside

    lowest, highest = math.log(float(values[0])) - _MARGIN, math.log(float(values[-1])) + _MARGIN
    grid = torch.arange(lowest, highest + _STEP, _STEP, dtype=torch.float64, device=values.device)
    ratios = values / grid.exp()[:, None]
    forms = energies @ (1 / (1 + ratios)).T + outside[:, None]
    evidence = -num_samples / 2 * forms.log() - ratios.log1p().sum(dim=1) / 2
    peak = grid[evidence.argmax(dim=1)]
    low, high = peak - _STEP, peak + _STEP
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shrunk = 1 / (1 + values / middle.exp()[:, None])
        slope = (1 - shrunk).sum(dim=1) - num_samples * quadratic(shrunk * (1 - shrunk)).sub(outside) / quadratic(
            shrunk
        )
        low, high = middle.where(slope > 0, low), high.where(slope > 0, middle)
    ratios = values / low.exp()[:, None]
    noise = quadratic(1 / (1 + ratios)) / num_samples
    return -num_samples / 2 * (1 + (2 * math.pi * noise).log()) - ratios.log1p().sum(dim=1) / 2


def _fixed_point(
    values: Tensor, energies: Tensor, outside: Tensor, num_samples: int, num_features: int, epsilon: float = 1e-5
) -> Tensor:
    """Return the (C,) log evidences after the authors' fixed-point iteration, each class stopped by itself."""
    alpha = beta = ratio = torch.ones_like(outside)
    kept_weights = kept_residual = torch.zeros_like(outside)
    running = torch.ones_like(outside, dtype=torch.bool)
    for _ in range(11):
        spread = values + ratio[:, None]
        gamma = (values / spread).sum(dim=1)
        weights = (values * energies / spread.square()).sum(dim=1)
        residual = (energies * (ratio[:, None] / spread).square()).sum(dim=1) + outside
        alpha = (gamma / (weights + epsilon)).where(running, alpha)
        beta = ((num_samples - gamma) / (residual + epsilon)).where(running, beta)
        kept_weights, kept_residual = weights.where(running, kept_weights), residual.where(running, kept_residual)
        updated = alpha / beta
        running = running & ((updated - ratio).abs() > 1e-3 * ratio)
        ratio = updated.where(running, ratio)
    return (
        num_features * alpha.log()
        + num_samples * (beta / (2 * math.pi)).log()
        - (alpha[:, None] + beta[:, None] * values).log().sum(dim=1)
        - beta * kept_residual
        - alpha * kept_weights
    ) / 2
