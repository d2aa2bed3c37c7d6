"""The chance that a model is the best of several, and the accuracy that picking it is expected to lose."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.models.gp.inference import safe_cholesky
from zoograph.training.predictors.joint import JointPrediction

NUM_DRAWS = 4000


class ExpectedRegret(NamedTuple):
    """What is to be expected of k models.

    Attributes:
        mean: (k,) accuracy in [0, 1]; ``lower`` and ``upper`` (k,) are its 90 % interval.
        probability_best: (k,) in [0, 1], with sum 1.
        expected_regret: (k,) accuracy lost against the best, in [0, 1]; lower is better.
    """

    mean: Tensor
    lower: Tensor
    upper: Tensor
    probability_best: Tensor
    expected_regret: Tensor


def weigh_models(joint: JointPrediction, num_draws: int = NUM_DRAWS, seed: int = 0) -> ExpectedRegret:
    r"""Return what is to be expected of the k models of a joint prediction.

    Best and regret are of the true accuracies :math:`a`, without the noise of measuring, drawn from the even mixture
    of the predictor's members:

    .. math:: \Pr[\mathrm{best}_m] = \Pr[a_m = \max_j a_j], \quad \mathrm{regret}_m = E[\max_j a_j - a_m]

    A model that is no contender is never the best.
    """
    chosen = torch.arange(len(joint.mean)) if joint.contenders is None else joint.contenders
    won, lost = chance_of_best(joint.centres[:, chosen], joint.covariances, num_draws, seed)
    probability = torch.zeros_like(joint.mean, dtype=won.dtype).index_copy(0, chosen, won)
    expected = joint.centres.mean(0)
    regret = (expected[chosen] + lost).mean() - expected  # the first is what the best is expected to have
    regret[chosen] = lost
    return ExpectedRegret(joint.mean, joint.lower, joint.upper, probability, regret)


def chance_of_best(
    means: Tensor, covariances: Tensor, num_draws: int = NUM_DRAWS, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Return the probability of being the largest, and the expected gap to the largest, of n joint Gaussians.

    By seeded Monte Carlo with antithetic draws (each deviation is used with both signs), whose mean is exactly the
    mean of the mixture: the gaps are never negative, and they order the variables as their means do.

    Args:
        means: (K, n) of the even mixture's K parts.
        covariances: (K, n, n).
        num_draws: at least.
        seed: of the draws.

    Returns:
        Probabilities (n,), with sum 1, and gaps (n,) in the unit of ``means``.
    """
    generator = torch.Generator().manual_seed(seed)
    half = -(-num_draws // (2 * len(means)))
    parts = []
    for mean, covariance in zip(means, covariances, strict=True):
        noise = torch.randn(half, means.shape[1], generator=generator, dtype=means.dtype)
        deviation = noise @ safe_cholesky(covariance).t()
        parts += [mean + deviation, mean - deviation]
    draws = torch.cat(parts)
    best, winner = draws.max(1)
    return winner.bincount(minlength=draws.shape[1]).to(draws) / len(draws), (best[:, None] - draws).mean(0)
