"""Policies: in which order models are measured, and which one is picked after each measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.knowledge_gradient import best_rate, values_of_measuring


class Choices(NamedTuple):
    """What a policy did with a budget of T measurements.

    Attributes:
        measured: the models in the order in which they were measured, at most T.
        picked: (T + 1) the model that is picked before any measurement, and after each.
        stated: expected regret of each pick, in accuracy; None where the policy has no opinion.
    """

    measured: list[int]
    picked: list[int]
    stated: list[float] | None = None


def follow_order(order: Tensor, truth: Tensor, budget: int) -> Choices:
    """Measure models in a given order and pick the best that was measured; before any, the first in the order.

    Args:
        order: (k,) models.
        truth: (k,) what a measurement of each finds.
        budget: measurements.
    """
    measured = order[:budget].tolist()
    picked = [int(order[0])]
    for count in range(1, len(measured) + 1):
        picked.append(max(measured[:count], key=lambda model: float(truth[model])))
    return Choices(measured, picked)


def follow_belief(prior: Belief, truth: Tensor, budget: int, regrets: Callable[[Belief], Tensor]) -> Choices:
    """Measure what is worth most by the belief, which every measurement moves, and pick the best that was measured.

    The first measurement is of the leader: what it tells of the level of a new dataset is what all others are then held
    against. From then on each is the one of the largest knowledge gradient.

    Args:
        prior: before anything is measured.
        truth: (k,) what a measurement of each finds.
        budget: measurements.
        regrets: returns (k,) the expected regret of picking each.
    """
    measured = torch.zeros(len(truth), dtype=torch.bool)
    equal = torch.ones(len(truth), dtype=torch.float64)
    order: list[int] = []
    belief, picked = prior, [int(prior.mean.argmax())]
    stated = [float(regrets(prior)[picked[0]])]
    while len(order) < budget and not bool(measured.all()):
        model = best_rate(belief, values_of_measuring(belief), equal, ~measured) if order else picked[0]
        assert model is not None
        order.append(model)
        measured[model] = True
        at = torch.tensor(order)
        belief = prior.given(at, truth[at], torch.diag(prior.noise[at]))
        picked.append(max(order, key=lambda model: float(truth[model])))
        stated.append(float(regrets(belief)[picked[-1]]))
    return Choices(order, picked, stated)


def halving_order(cheap: Tensor) -> Tensor:
    """Return (k,) models best first by a cheap measurement of all: what successive halving with two rungs measures.

    Jamieson and Talwalkar, 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization". Models
    without the cheap measurement, NaN, come last.
    """
    return torch.argsort(-cheap.nan_to_num(-1.0), stable=True)
