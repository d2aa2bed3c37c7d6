"""The Lipschitz head of task-relatedness: a linear classifier whose loss changes slowly with the features."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.bound import LinearHead

TAU = 0.02
_PENALTY = 1e4
_DECAY = 5e-4
_MOST_STEPS = 60


def fit_lipschitz_head(features: Tensor, labels: Tensor, num_classes: int, tau: float = TAU) -> LinearHead:
    r"""Fit a linear classifier under a penalty on the gradient of its loss in the features.

    Minimises the loss that the authors' code of Mehra, Zhang, Hamm (2023) descends,

    .. math:: \frac1N \sum_n \ell(z_n, y_n) + \frac{\mu}{2} \lVert (W, b) \rVert^2 + 10^4 \frac1N \sum_n
        \Bigl( g(z_n, y_n) + \frac1K \sum_k g(z_n, k) \Bigr), \quad
        g(z, k) = \max(0, \lVert \nabla_z \ell(z, k) \rVert_2 - \tau)^2

    with the cross-entropy :math:`\ell` and :math:`\mu = 5 \cdot 10^{-4}`. Their stochastic descent draws batches, and
    one random label where the mean over all labels stands here, and diverges with few classes; L-BFGS on all
    samples needs neither seed nor learning rate. The gradient of a linear classifier is :math:`W^T (p - e_k)`, whose
    norm needs the (K, K) matrix :math:`W W^T` alone.

    Args:
        features: (N, d) standardised features.
        labels: (N,) classes 0 … K - 1.
        num_classes: K.
        tau: the slope of the loss that is not punished, per unit of the features.
    """
    samples = features.double()
    parameters = samples.new_zeros(num_classes, samples.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=_MOST_STEPS, tolerance_grad=1e-6, tolerance_change=1e-10, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        weight, bias = parameters[:, :-1], parameters[:, -1]
        logits = LinearHead(weight, bias).logits(samples)
        excess = (_slopes(logits.softmax(1), weight @ weight.T) - tau).clamp_min(0.0).square()
        punished = excess.gather(1, labels[:, None]).mean() + excess.mean()
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss = loss + _DECAY / 2 * parameters.square().sum() + _PENALTY * punished
        loss.backward()
        return loss

    optimizer.step(closure)
    fitted = parameters.detach().to(features.dtype)
    return LinearHead(fitted[:, :-1], fitted[:, -1])


def _slopes(chances: Tensor, gram: Tensor) -> Tensor:
    """Return the (N, K) norms of W^T (p - e_k) for every label k."""
    seen = chances @ gram
    squared = (seen * chances).sum(1, keepdim=True) - 2 * seen + gram.diagonal()
    return squared.clamp_min(1e-20).sqrt()
