"""The chance that a model is the best of several, and the accuracy that picking it is expected to lose."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.training.predictors.joint import JointPrediction


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


def weigh_models(joint: JointPrediction) -> ExpectedRegret:
    r"""Return what is to be expected of the k models of a joint prediction.

    Best and regret are of the true accuracies :math:`a`, without the noise of measuring, as they are drawn:

    .. math:: \Pr[\mathrm{best}_m] = \Pr[a_m = \max_j a_j], \quad \mathrm{regret}_m = E[\max_j a_j - a_m]

    A model that is no contender is never the best, and no regret is above what is missing to an accuracy of 1.
    """
    chosen = torch.arange(len(joint.mean)) if joint.contenders is None else joint.contenders
    won, lost = chance_of_best(joint.draws)
    probability = torch.zeros_like(joint.mean, dtype=won.dtype).index_copy(0, chosen, won)
    regret = (joint.mean[chosen] + lost).mean() - joint.mean  # the first is what the best is expected to have
    regret[chosen] = lost
    return ExpectedRegret(joint.mean, joint.lower, joint.upper, probability, torch.minimum(regret, 1 - joint.mean))


def chance_of_best(draws: Tensor) -> tuple[Tensor, Tensor]:
    """Return the probability of being the largest, and the expected gap to the largest, of n variables.

    Args:
        draws: (S, n) of all of them together. Gaps order the variables as the draws' means do.

    Returns:
        Probabilities (n,), with sum 1, and gaps (n,) in the unit of ``draws``; never negative.
    """
    best, winner = draws.max(1)
    return winner.bincount(minlength=draws.shape[1]).to(draws) / len(draws), (best[:, None] - draws).mean(0)
