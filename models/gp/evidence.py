"""Learning a kernel by evidence: the log marginal likelihood of records, and the optimizer that raises it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.inference import safe_cholesky


class NegativeLogEvidence(torch.autograd.Function):
    r"""Negative log marginal likelihood, with its gradient in closed form.

    Rasmussen and Williams, 2006, "Gaussian Processes for Machine Learning", eq. 2.30 and 5.9:

    .. math:: \frac12 y^\top K^{-1} y + \frac12 \log |K| + \frac n2 \log 2\pi
    """

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, y: Tensor) -> Tensor:
        """Return the scalar for ``covariance`` (n, n) and ``y`` (n,)."""
        chol = safe_cholesky(covariance)
        alpha = torch.cholesky_solve(y[:, None], chol)
        ctx.save_for_backward(chol, alpha)
        return 0.5 * (y @ alpha[:, 0]) + chol.diagonal().log().sum() + 0.5 * len(y) * math.log(2 * math.pi)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the gradient with respect to the covariance."""
        chol, alpha = ctx.saved_tensors
        return grads[0] * 0.5 * (torch.cholesky_inverse(chol) - alpha @ alpha.t()), None


class GatherSquare(torch.autograd.Function):
    """``matrix[index][:, index]``, whose backward is two matrix products instead of scattered additions."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, index: Tensor) -> Tensor:
        """Return (n, n) from ``matrix`` (N, N) and ``index`` (n,)."""
        ctx.save_for_backward(index)
        ctx.size = len(matrix)
        return matrix.index_select(0, index).index_select(1, index)  # several times faster than indexing

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the gradient with respect to the matrix."""
        (index,) = ctx.saved_tensors
        rows = torch.zeros(ctx.size, len(index), dtype=grads[0].dtype).index_add_(0, index, grads[0])
        return torch.zeros(ctx.size, ctx.size, dtype=grads[0].dtype).index_add_(1, index, rows), None


def gram(covariances: Covariances, pairs: Tensor) -> Tensor:
    """Return (n, n) prior covariance of ``pairs`` (2, n) with themselves, with a fast gradient."""
    m, d = pairs
    level, spread = (GatherSquare.apply(matrix, d) for matrix in (covariances.level, covariances.spread))
    scores = covariances.scores[m, d]
    effect = GatherSquare.apply(covariances.effect, m)
    return torch.as_tensor(level + effect * spread + covariances.score_weight * (scores @ scores.t()))


def evidence_loss(covariances: Covariances, pairs: Tensor, noise: Tensor, latent: Tensor) -> Tensor:
    """Return minus the log evidence of records ``latent`` (n,) of ``pairs`` (2, n) with ``noise`` variance (n,)."""
    return torch.as_tensor(NegativeLogEvidence.apply(gram(covariances, pairs) + torch.diag(noise), latent))


def evidence_optimizer(parameters: Iterable[Tensor], num_iterations: int) -> torch.optim.LBFGS:
    """Return L-BFGS with a strong Wolfe line search, whose one step makes ``num_iterations`` at most."""
    return torch.optim.LBFGS(parameters, max_iter=num_iterations, history_size=20, line_search_fn="strong_wolfe")
