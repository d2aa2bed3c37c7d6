"""First and second moments of a feature matrix, each computed once and in float64, for all scores that need them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.undefined import UndefinedScore

_BLOCK = 256


class Spectrum(NamedTuple):
    """The eigendecomposition of a product of features with themselves.

    Attributes:
        values: (K,) eigenvalues, ascending; what float64 cannot tell from zero is zero.
        vectors: (K, K) eigenvectors as columns.
    """

    values: Tensor
    vectors: Tensor


@dataclass(frozen=True, eq=False)
class Moments:
    """What second-order scores need of a feature matrix.

    Matrices are K x K with K = min(N, D): sums over samples where N >= D, inner products of samples where N < D.

    Attributes:
        features: (N, D) features, any floating type and device.
    """

    features: Tensor

    @property
    def is_dual(self) -> bool:
        """Whether there are fewer samples than features, so that matrices are N x N."""
        return self.features.shape[0] < self.features.shape[1]

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor]:
        # Shifted by a sample first, a constant feature becomes exactly zero. All in place: the matrix may be large.
        centred = self.features.to(torch.float64, copy=True)
        first = centred[0].clone()
        shift = centred.sub_(first).mean(dim=0)
        return first + shift, centred.sub_(shift)

    @property
    def mean(self) -> Tensor:
        """(D,) mean feature."""
        return self._parts[0]

    @property
    def centred(self) -> Tensor:
        """(N, D) features less their mean, in float64; a constant feature is exactly zero."""
        return self._parts[1]

    @cached_property
    def scatter(self) -> Tensor:
        """(K, K) product of the centred features with themselves, over samples or (N < D) over features."""
        return self_product(self.centred.T if self.is_dual else self.centred)

    @property
    def gram(self) -> Tensor:
        """(K, K) product of the features as they are, not centred."""
        mean = self.mean
        if self.is_dual:
            along = self.centred @ mean + mean @ mean / 2
            return self.scatter + along[:, None] + along
        return self.scatter + self.features.shape[0] * torch.outer(mean, mean)

    @cached_property
    def total(self) -> float:
        """Sum of squares of the centred features; zero if and only if all samples are the same."""
        return float(self.scatter.diagonal().sum())

    @cached_property
    def principal(self) -> Spectrum:
        """Eigenvalues and eigenvectors of :attr:`scatter`: the principal axes and the spread along them."""
        values, vectors = torch.linalg.eigh(self.scatter)
        return Spectrum(values.where(values > self.resolution(values[-1]), 0.0), vectors)

    @cached_property
    def coordinates(self) -> Tensor:
        """(N, K) centred features along the principal axes, in the order of :attr:`principal`."""
        values, vectors = self.principal
        return vectors * values.sqrt() if self.is_dual else self.centred @ vectors

    def project(self, explained: float) -> Tensor:
        """Return the (N, K) centred features along the leading principal axes, which explain more than this part.

        Raises:
            UndefinedScore: if all samples are the same.
        """
        values = self.principal.values.flip(0)
        if not bool(values[0] > 0):
            raise UndefinedScore("all samples have the same features")
        kept = int((values.cumsum(0) / values.sum() <= explained).sum()) + 1
        return self.coordinates[:, -kept:].flip(1)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Eigenvalues and eigenvectors of :attr:`gram`."""
        values, vectors = torch.linalg.eigh(self.gram)
        return Spectrum(values.where(values > self.resolution(values[-1]), 0.0), vectors)

    def resolution(self, largest: Tensor) -> Tensor:
        """Return what an eigenvalue must exceed to be told from zero, given the largest one."""
        return largest * max(self.features.shape) * torch.finfo(torch.float64).eps


def self_product(matrix: Tensor) -> Tensor:
    """Return ``matrix.T @ matrix``, (K, K) of an (M, K) matrix, in little more than half of the multiplications."""
    size = matrix.shape[1]
    product = matrix.new_empty(size, size)
    for start in range(0, size, _BLOCK):
        stop = min(start + _BLOCK, size)
        strip = matrix[:, start:stop].T @ matrix[:, start:]
        product[start:stop, start:] = strip
        product[start:, start:stop] = strip.T
    return product
