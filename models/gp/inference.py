"""Exact Gaussian-process inference: the posterior, and leave-one-out in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zoograph.models.gp.covariances import Covariances

_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
_COLUMNS = 400


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

    @cached_property
    def inverse(self) -> Tensor:
        """(n, n) inverse covariance, noise included."""
        return torch.cholesky_inverse(self.chol)

    def predict(self, pairs: Tensor, block: int = 2048) -> tuple[Tensor, Tensor]:
        """Return posterior mean and variance (n,) of the noiseless latents of ``pairs`` (2, n)."""
        parts = [self._predict(part) for part in pairs.split(block, dim=1)]
        return torch.cat([mean for mean, _ in parts]), torch.cat([variance for _, variance in parts])

    def _predict(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        cross = self.covariances.between(pairs, self.pairs)
        known = torch.linalg.solve_triangular(self.chol, cross.t(), upper=False)
        variance = self.covariances.variance(pairs) - known.square().sum(0)
        return cross @ self.alpha, variance.clamp(min=1e-9)

    def predict_mean(self) -> Tensor:
        """Return the posterior mean (M, D) of every pair."""
        level, effect, spread, scores, weight = self.covariances
        models, datasets = self.pairs
        weights = torch.zeros(len(effect), len(level), dtype=level.dtype)
        weights.index_put_((models, datasets), self.alpha, accumulate=True)
        mean = (level @ weights.sum(0))[None] + effect @ weights @ spread
        return mean + weight * (scores @ (scores[models, datasets].t() @ self.alpha))

    def predict_all(self) -> tuple[Tensor, Tensor]:
        """Return posterior mean and variance (M, D) of the noiseless latents of every pair.

        The same numbers as :meth:`predict`, by the covariance's structure: along the records of one model (or one
        dataset, whichever there are fewer of) a pair's covariances are one vector times a number.
        """
        level, effect, spread, scores, weight = self.covariances
        models, datasets = self.pairs
        own = scores[models, datasets]
        mean = self.predict_mean()
        prior = level.diagonal()[None] + effect.diagonal()[:, None] * spread.diagonal()[None]
        prior = prior + weight * scores.square().sum(-1)
        known_models, known_datasets = torch.unique(models), torch.unique(datasets)
        by_model = len(known_models) <= len(known_datasets)
        groups = (models[:, None] == known_models if by_model else datasets[:, None] == known_datasets).to(level)
        own_half = torch.linalg.solve_triangular(self.chol, own, upper=False).t()
        explained = torch.zeros_like(mean)
        # Many columns are solved for at a time: one after the other they take several times as long.
        for nodes in torch.arange(len(level) if by_model else len(effect)).split(max(1, _COLUMNS // groups.shape[1])):
            if by_model:
                alone, scaled = level[nodes][:, datasets], spread[nodes][:, datasets]
                columns = torch.cat([alone[:, None], groups.t() * scaled[:, None]], 1)
                ones = torch.ones(len(effect), 1, dtype=level.dtype)
                shared = torch.cat([ones, effect[:, known_models]], 1)
                factors = _joined(shared, weight * scores[:, nodes].transpose(0, 1))
            else:
                scaled = effect[nodes][:, models]
                columns = torch.cat([groups.t().expand(len(nodes), -1, -1), groups.t() * scaled[:, None]], 1)
                factors = _joined(
                    torch.cat([level[:, known_datasets], spread[:, known_datasets]], 1), weight * scores[nodes]
                )
            half = torch.linalg.solve_triangular(self.chol, columns.flatten(0, 1).t(), upper=False).t()
            half = torch.cat([half.reshape(columns.shape), own_half.expand(len(nodes), -1, -1)], 1)
            share = (factors @ (half @ half.transpose(1, 2)) * factors).sum(2)
            if by_model:
                explained[:, nodes] = share.t()
            else:
                explained[nodes] = share
        return mean, (prior - explained).clamp(min=1e-9)

    def joint(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        r"""Return posterior mean (n,) and covariance (n, n) of the noiseless latents of ``pairs`` (2, n).

        .. math:: \Sigma = K_{**} - K_{*} K^{-1} K_{*}^\top

        Rasmussen and Williams (2006), eq. 2.24.
        """
        between = self.covariances.between
        return self._condition(between(pairs, self.pairs), between(pairs, pairs))

    def joint_sums(self, models: Tensor, datasets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return posterior mean (k,) and covariance (k, k) of a weighted sum of each model's noiseless latents.

        The same numbers as from :meth:`joint` of all pairs, by the covariance's structure: no pair of pairs is kept.

        Args:
            models: (k,).
            datasets: (t,) that each sum runs over.
            weights: (k, t).
        """
        level, effect, spread, scores, weight = self.covariances
        own, there = self.pairs
        total = (weights[..., None] * scores[models[:, None], datasets]).sum(1)
        alone, scaled = (weights @ matrix[datasets] for matrix in (level, spread))
        cross = alone[:, there] + effect[models][:, own] * scaled[:, there] + weight * total @ scores[own, there].t()
        alone, scaled = (part[:, datasets] @ weights.t() for part in (alone, scaled))
        return self._condition(cross, alone + effect[models][:, models] * scaled + weight * total @ total.t())

    def _condition(self, cross: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and covariance given the records of what covaries with them by ``cross`` (n, records)."""
        known = torch.linalg.solve_triangular(self.chol, cross.t(), upper=False)
        covariance = prior - known.t() @ known
        return cross @ self.alpha, 0.5 * (covariance + covariance.t())

    def leave_out(self, y: Tensor, blocks: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Return mean and variance, noise included, of records had they been left out.

        In closed form from the inverse covariance (Rasmussen and Williams, 2006, eq. 5.12, for blocks).

        Args:
            y: (k, n) the records, in the units that each of the k blocks leaves.
            blocks: (block, inside) each: records left out together, and which of them are asked for.
        """
        means, variances = [], []
        for latent, (block, inside) in zip(y, blocks, strict=True):
            rows = self.inverse[block]
            chol = safe_cholesky(rows[:, block])
            gap = torch.cholesky_solve((rows @ latent)[:, None], chol)[:, 0]
            means.append((latent[block] - gap)[inside])
            variances.append(torch.cholesky_inverse(chol).diagonal()[inside])
        return torch.cat(means), torch.cat(variances)


def condition(covariances: Covariances, pairs: Tensor, y: Tensor, noise: Tensor) -> Posterior:
    """Condition on records ``y`` (n,) of ``pairs`` (2, n) with ``noise`` variance (n,)."""
    own = covariances.between(pairs, pairs)
    own.diagonal().add_(noise)
    chol = safe_cholesky(own)
    return Posterior(covariances, pairs, chol, torch.cholesky_solve(y[:, None], chol)[:, 0])


def _joined(shared: Tensor, own: Tensor) -> Tensor:
    """Return (k, n, a + b) from ``shared`` (n, a) and ``own`` (k, n, b)."""
    return torch.cat([shared.expand(len(own), -1, -1), own], 2)
