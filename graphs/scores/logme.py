"""LogME: the logarithm of the maximum evidence of a Bayesian linear regression from features to labels."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.spec import of_values, score
from zoograph.graphs.scores.undefined import UndefinedScore

Variant = Literal["evidence", "fixed_point"]

_RESOLUTION = 1e-12  # a residual smaller than this part of its target is rounding
_MARGIN, _STEP, _HALVINGS = 30.0, 0.5, 17  # of the search over log t, where the top is flat
_EXACT = "the features fit a class exactly, so that its evidence has no upper bound"


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
    if variant == "evidence" and not moments.is_dual:
        return float(_maximum(_from_principal_axes(inputs)).mean()) / inputs.num_samples
    if moments.is_dual:
        coordinates = inputs.sum_by_class(moments.spectrum.vectors)
    else:
        coordinates = _coordinates(moments, inputs.class_sums + torch.outer(counts, moments.mean))
    return _mean_evidence(moments, coordinates, counts, variant)


@of_values(logme)
def logme_regression(inputs: RealInputs, *, variant: Variant = "evidence") -> float:
    """Return LogME of real targets: :func:`logme` with the columns of a matrix in place of the classes.

    Args:
        features: (N, D) features.
        targets: (N, K) real targets, used as they are; no column may be zero throughout. Another unit of a target adds
            a constant, the same for all models.
        variant: as in :func:`logme`.

    Returns:
        The mean over columns in nats per sample, higher is better.

    Raises:
        ValueError: if the shapes do not fit together.
        UndefinedScore: as in :func:`logme`, and if a value is NaN or infinite or a target is zero throughout.
    """
    moments, columns = inputs.moments, inputs.targets.double()
    squares = columns.square().sum(dim=0)
    if bool((squares == 0).any()):
        raise UndefinedScore("a target is zero throughout")
    if moments.is_dual:
        coordinates = columns.T @ moments.spectrum.vectors
    else:
        coordinates = _coordinates(moments, columns.T @ inputs.features.double())
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
            raise UndefinedScore(_EXACT)
        nothing = torch.zeros_like(energies)
        parts = _Evidence(values, energies, outside, nothing[0], nothing, nothing[:, 0], num_samples)
        evidence = _maximum(parts)
    return float(evidence.mean()) / num_samples


class _Evidence(NamedTuple):
    """What the log evidence of C classes depends on, beside the ratio t.

    Features are Z + 1 m'. Along the left singular vectors of Z and along 1 the matrix I + F F' / t is an arrow: a
    diagonal of 1 + s / t, and a last row with the Schur complement 1 + sum u^2 / (t + s).

    Attributes:
        values: (K,) squared singular values s.
        energies: (C, K) squared coordinates of the targets along the singular vectors.
        outside: (C,) squared lengths of the targets outside of these and of 1.
        means: (K,) u^2, squared coordinates of sqrt(N) m along the right singular vectors.
        crossed: (C, K) coordinates of the targets times sqrt(s) u.
        constant: (C,) coordinates of the targets along 1.
        num_samples: N.
    """

    values: Tensor
    energies: Tensor
    outside: Tensor
    means: Tensor
    crossed: Tensor
    constant: Tensor
    num_samples: int

    def at(self, ratios: Tensor, *, own: bool) -> Tensor:
        """Return the log evidence with the best noise: (C,) at one t a class, if ``own``, or (C, P) at all of them."""
        inverse = 1 / (ratios[:, None] + self.values)

        def sum_up(rows: Tensor, weights: Tensor) -> Tensor:
            return (rows * weights).sum(dim=1) if own else rows @ weights.T

        lift = (lambda rows: rows) if own else (lambda rows: rows[:, None])
        schur = 1 + inverse @ self.means
        rest = (lift(self.constant) - sum_up(self.crossed, inverse)).square() / schur
        forms = sum_up(self.energies, ratios[:, None] * inverse) + lift(self.outside) + rest
        log_determinant = (self.values / ratios[:, None]).log1p().sum(dim=1) + schur.log()
        noise = 2 * math.pi * forms / self.num_samples
        return -self.num_samples / 2 * (1 + noise.log()) - log_determinant / 2


def _from_principal_axes(inputs: ScoreInputs) -> _Evidence:
    """Return the parts of N >= D samples from the principal axes, which other scores share."""
    moments, counts = inputs.moments, inputs.counts.double()
    values, vectors = moments.principal
    means = math.sqrt(inputs.num_samples) * (moments.mean @ vectors)
    means = means.where(means.abs() > _RESOLUTION * means.norm(), 0.0)
    if not bool(values[-1] > 0) and not bool(means.any()):
        raise UndefinedScore("all features are zero")
    inverse_roots = values.rsqrt().where(values > 0, 0.0)
    along, constant = (inputs.class_sums @ vectors) * inverse_roots, counts / math.sqrt(inputs.num_samples)
    outside = counts - along.square().sum(dim=1) - constant.square()
    outside = outside.where(outside > _RESOLUTION * counts, 0.0)
    rank, missed = int((values > 0).sum()), outside
    if bool((means[values == 0] != 0).any()):
        rank += 1  # the direction along 1 is among the features'
    else:
        ratios = means * inverse_roots
        missed = missed + (constant - along @ ratios).square() / (1 + ratios.square().sum())
    if rank < inputs.num_samples and bool((missed <= _RESOLUTION * counts).any()):
        raise UndefinedScore(_EXACT)
    crossed = along * (values.sqrt() * means)
    return _Evidence(values, along.square(), outside, means.square(), crossed, constant, inputs.num_samples)


def _maximum(evidence: _Evidence) -> Tensor:
    """Return the (C,) maxima over t: a grid over log t finds the highest hill, ever smaller steps its top."""
    values = torch.cat([evidence.values, evidence.means.sum()[None]])
    values = values[values > 0]
    lowest, highest = (math.log(float(end)) for end in (values.amin(), values.amax()))
    grid = torch.arange(lowest - _MARGIN, highest + _MARGIN + _STEP, _STEP, dtype=torch.float64, device=values.device)
    best, at = evidence.at(grid.exp(), own=False).max(dim=1)
    peak, step = grid[at], _STEP
    for _ in range(_HALVINGS):
        step /= 2
        sides = torch.stack([peak - step, peak, peak + step])
        found = torch.stack([evidence.at(sides[0].exp(), own=True), best, evidence.at(sides[2].exp(), own=True)])
        best, at = found.max(dim=0)
        peak = sides.gather(0, at[None])[0]
    return best


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
