"""A mixture of Gaussians with full covariances, fast where each of them has fewer samples than dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_MOST_STEPS, _TOLERANCE = 100, 1e-3
_FEWEST = 10 * torch.finfo(torch.float64).eps  # samples of an empty component, as in scikit-learn
_CHUNK_CELLS = 2**22


class _Components(NamedTuple):
    """Some Gaussians, each with covariance Q L L' Q' + ridge (I - Q Q').

    Attributes:
        at: (B,) places in the mixture.
        means: (B, D).
        basis: (B, D, R) orthonormal Q; None for the identity.
        factor: (B, R, R) lower triangular L.
    """

    at: Tensor
    means: Tensor
    basis: Tensor | None
    factor: Tensor


class _Mixture(NamedTuple):
    log_weights: Tensor
    parts: list[_Components]


def mixture_posterior(rows: Tensor, clusters: Tensor, num_components: int, ridge: float) -> Tensor:
    """Return the (N, K) posterior of a mixture that expectation maximisation fits, from hard clusters on.

    The algorithm and its rules of stopping are those of scikit-learn's ``GaussianMixture`` with full covariances, and
    so is the posterior, up to rounding. A component that M < D samples belong to (with a responsibility that float64
    can tell from 0) is described in the M dimensions that these span, where it takes M / D of the work.

    Args:
        rows: (N, D) float64 samples.
        clusters: (N,) components 0 … K - 1 to begin with.
        num_components: K.
        ridge: positive variance that is added in every direction.
    """
    posterior = torch.nn.functional.one_hot(clusters, num_components).to(rows)
    mixture = _maximise(rows, posterior, ridge)
    bound = -math.inf
    for _ in range(_MOST_STEPS):
        evidence, log_posterior = _expect(rows, mixture, ridge)
        previous, posterior = posterior, log_posterior.exp_()
        if torch.equal(posterior, previous):
            return posterior
        mixture = _maximise(rows, posterior, ridge)
        before, bound = bound, evidence
        if abs(bound - before) < _TOLERANCE:
            break
    return _expect(rows, mixture, ridge)[1].exp_()


def _expect(rows: Tensor, mixture: _Mixture, ridge: float) -> tuple[float, Tensor]:
    """Return the mean log evidence of the samples and their (N, K) log posterior."""
    joint = rows.new_empty(len(rows), len(mixture.log_weights))
    for part in mixture.parts:
        joint[:, part.at] = _log_densities(rows, part, ridge)
    joint += mixture.log_weights
    evidence = joint.logsumexp(dim=1, keepdim=True)
    return float(evidence.mean()), joint.sub_(evidence)


def _log_densities(rows: Tensor, part: _Components, ridge: float) -> Tensor:
    """Return the (N, B) log densities of the samples."""
    num_features, rank = rows.shape[1], part.factor.shape[1]
    if part.basis is None:
        along = rows.T - part.means[:, :, None]
    else:
        along = part.basis.mT @ rows.T - part.basis.mT @ part.means[:, :, None]
    inside = along.square().sum(dim=1)
    distances = torch.linalg.solve_triangular(part.factor, along, upper=False).square_().sum(dim=1)
    if part.basis is not None:
        norms = rows.square().sum(dim=1) - 2 * part.means @ rows.T + part.means.square().sum(dim=1, keepdim=True)
        distances += (norms - inside).clamp_min_(0.0) / ridge
    log_determinants = 2 * part.factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    log_determinants += (num_features - rank) * math.log(ridge)
    return -(num_features * math.log(2 * math.pi) + log_determinants[:, None] + distances).T / 2


def _maximise(rows: Tensor, posterior: Tensor, ridge: float) -> _Mixture:
    counts = posterior.sum(dim=0) + _FEWEST
    means = posterior.T @ rows / counts[:, None]
    parts = []
    for at, rank in _chunks((posterior > 0).sum(dim=0), len(rows), rows.shape[1]):
        shares = (posterior[:, at] / counts[at]).T
        fit = _full if rank >= rows.shape[1] else _thin
        parts.append(_Components(at, means[at], *fit(rows, shares, means[at], rank, ridge)))
    return _Mixture((counts / len(rows)).log(), parts)


def _chunks(sizes: Tensor, num_samples: int, num_features: int) -> Iterator[tuple[Tensor, int]]:
    """Yield components of about equal size, and the samples of the largest of them or the features, if fewer."""
    sizes, order = sizes.sort()
    ranks = sizes.clamp(1, num_features).tolist()
    start = 0
    while start < len(ranks):
        stop = start + 1
        while stop < len(ranks) and _fits_with(ranks[start : stop + 1], num_samples, num_features):
            stop += 1
        yield order[start:stop], ranks[stop - 1]
        start = stop


def _fits_with(ranks: list[int], num_samples: int, num_features: int) -> bool:
    together = len(ranks) * ranks[-1] * max(num_samples, num_features) <= _CHUNK_CELLS
    return together and (ranks[-1] < num_features or ranks[0] == num_features)


def _thin(rows: Tensor, shares: Tensor, means: Tensor, rank: int, ridge: float) -> tuple[Tensor, Tensor]:
    """Return basis and factor of components with ``rank`` samples at most, out of the span of these."""
    held, members = shares.topk(rank, dim=1)
    spread = held.sqrt()[:, :, None] * (rows[members] - means[:, None])
    basis, coordinates = torch.linalg.qr(spread.mT)
    return basis, _factor(coordinates @ coordinates.mT, ridge)


def _full(rows: Tensor, shares: Tensor, means: Tensor, _: int, ridge: float) -> tuple[None, Tensor]:
    centred = rows - means[:, None]
    return None, _factor(centred.mT @ (shares[:, :, None] * centred), ridge)


def _factor(covariances: Tensor, ridge: float) -> Tensor:
    covariances.diagonal(dim1=1, dim2=2).add_(ridge)
    return torch.linalg.cholesky(covariances)
