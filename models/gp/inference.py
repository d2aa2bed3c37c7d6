"""Exact Gaussian-process inference: conditioning on records, and what it says of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zoograph.models.gp.covariances import Covariances

_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)


def safe_cholesky(matrix: Tensor) -> Tensor:
    """Return the Cholesky factor of a covariance, of which rounding may have made the least eigenvalue negative.

    Raises:
        ArithmeticError: if the matrix is far from a covariance or not finite.
    """
    scale = matrix.diagonal().mean()
    for jitter in _JITTERS:
        lifted = matrix + torch.diag((jitter * scale).expand(len(matrix))) if jitter else matrix
        factor, failed = torch.linalg.cholesky_ex(lifted)
        # What is not finite anywhere in a row is not finite on its diagonal.
        if not failed.any() and torch.isfinite(factor.diagonal()).all():
            return factor
    raise ArithmeticError("A covariance of records is not positive definite; their values may not be finite.")


@dataclass(frozen=True)
class Posterior:
    """Records that a Gaussian process was conditioned on.

    Attributes:
        covariances: prior of all nodes.
        pairs: (2, n) recorded pairs.
        chol: (n, n) Cholesky factor of their covariance, noise included.
        alpha: (n,) covariance solved for the records.
    """

    covariances: Covariances
    pairs: Tensor
    chol: Tensor
    alpha: Tensor

    def predict(self, pairs: Tensor, block: int = 2048) -> tuple[Tensor, Tensor]:
        """Return posterior mean and variance (n,) of the noiseless latents of ``pairs`` (2, n)."""
        parts = [self._predict(part) for part in pairs.split(block, dim=1)]
        return torch.cat([mean for mean, _ in parts]), torch.cat([variance for _, variance in parts])

    def _predict(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        cross = self.covariances.between(pairs, self.pairs)
        known = torch.linalg.solve_triangular(self.chol, cross.t(), upper=False)
        variance = self.covariances.variance(pairs) - known.square().sum(0)
        return cross @ self.alpha, variance.clamp(min=1e-9)


def condition(covariances: Covariances, pairs: Tensor, y: Tensor, noise: Tensor) -> Posterior:
    """Condition on records ``y`` (n,) of ``pairs`` (2, n) with ``noise`` variance (n,)."""
    own = covariances.between(pairs, pairs)
    own.diagonal().add_(noise)
    chol = safe_cholesky(own)
    return Posterior(covariances, pairs, chol, torch.cholesky_solve(y[:, None], chol)[:, 0])
