"""What is to be expected of models on datasets: accuracies, the chance of being the best, and regret."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.models.conformal import situation
from zoograph.models.gp.inference import safe_cholesky
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.predictors.exact import ExactPredictor

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


def weigh_models(
    predictor: ExactPredictor,
    models: Tensor,
    datasets: Tensor,
    graph: HeteroData | None = None,
    num_draws: int = NUM_DRAWS,
    seed: int = 0,
) -> ExpectedRegret:
    r"""Return what is to be expected of ``models`` (k,) on the mean over ``datasets`` (t,).

    Mean and interval are those of :meth:`ExactPredictor.predict`, with every record used. Best and regret are of the
    true accuracies :math:`a`, without the noise of measuring: drawn from the even mixture of the members, each a joint
    Gaussian over all models and datasets. Every draw's deviation from the mean is stretched by the conformal width of
    its pair over that of a Gaussian (1.645 standard deviations), so that draws are as wide as the intervals are; how
    deviations of several models go together is the Gaussian process's own belief. What a new dataset adds to all
    models alike cancels between them and is left out, and a dataset whose records rank nobody adds independent noise.

    .. math:: \Pr[\mathrm{best}_m] = \Pr[a_m = \max_j a_j], \quad \mathrm{regret}_m = E[\max_j a_j - a_m]
    """
    conditioned = predictor.posterior(graph)
    k, t = len(models), len(datasets)
    pairs = torch.cartesian_prod(models, datasets).t()
    mean, variance = conditioned.predict(pairs)
    widths = torch.tensor(predictor.state()[1]["widths"], dtype=mean.dtype)[situation(conditioned.graph, pairs)]
    bounds = (mean, mean - widths * variance.sqrt(), mean + widths * variance.sqrt())

    scale = conditioned.records.scale
    ranked = scale.informative[pairs[1]]
    stretch = torch.where(widths.isfinite(), widths / INTERVAL_SIGMAS, 1.0)
    share = stretch * scale.spread[pairs[1]] / t
    owner = torch.arange(k).repeat_interleave(t)
    weights = torch.zeros(k, k * t, dtype=mean.dtype)
    weights[owner, torch.arange(k * t)] = torch.where(ranked, share, 0.0)
    unranked = torch.where(ranked, 0.0, share).square().reshape(k, t).sum(1)
    joints = [posterior.joint(pairs, weights) for posterior in conditioned.posteriors]
    centres = torch.stack([centre for centre, _ in joints])
    probability, regret = chance_of_best(
        mean.reshape(k, t).mean(1) + centres - centres.mean(0),
        torch.stack([covariance + torch.diag(unranked) for _, covariance in joints]),
        num_draws,
        seed,
    )
    expected, lower, upper = (bound.clamp(0, 1).reshape(k, t).mean(1) for bound in bounds)
    return ExpectedRegret(expected, lower, upper, probability, regret)


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
