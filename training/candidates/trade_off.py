"""Accuracy against cost: which models nobody beats in both, and which is best for somebody's taste."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from zoograph.data.records.cards import ModelCard
from zoograph.training.candidates.filters import Number

HERE = "here"
"""The machine that this runs on."""

Costs = Sequence[float | None]
"""Of models, lower is better; None where not known."""


class Cost(StrEnum):
    """What a model costs."""

    PARAMETERS = "parameters"
    """How many, head included."""
    GMACS = "gmacs"
    """Multiply-accumulates of one forward pass, in units of 1e9."""
    TIME = "time"
    """Milliseconds an image of a forward pass, on a device."""

    @property
    def unit(self) -> str:
        """What its numbers are counted in."""
        return {"parameters": "parameters", "gmacs": "GMACs", "time": "milliseconds an image"}[self.value]


class Preference(StrEnum):
    """How much accuracy counts against cost, in words."""

    ACCURACY = "accuracy"
    BALANCED = "balanced"
    SPEED = "speed"

    @property
    def utility(self) -> float:
        """The weight of accuracy, in [0, 1]."""
        return {"accuracy": 1.0, "balanced": 0.5, "speed": 0.25}[self.value]


@dataclass(frozen=True)
class TradeOff:
    """What is wanted.

    Attributes:
        cost: None chooses time where images a second are limited, else multiply-accumulates where at least half of the
            cards say them, else parameters.
        utility: weight of accuracy in [0, 1]; 1 ranks by accuracy alone, 0 by cost alone.
        device: what ``time`` is counted on: ``here``, or a device of the cards' speeds.
    """

    cost: Cost | None = None
    utility: float = 1.0
    device: str = HERE

    def __post_init__(self) -> None:
        if not 0.0 <= self.utility <= 1.0:
            raise ValueError(f"'utility' must be a number in [0, 1] in 'TradeOff' (got {self.utility})")


def choose_cost(cards: Sequence[ModelCard], wanted: Cost | None, times_matter: bool = False) -> Cost:
    """Return the cost to count: what is wanted, or else multiply-accumulates where at least half of the cards say.

    Args:
        cards: of the candidates.
        wanted: by whoever asks.
        times_matter: whether candidates were filtered by how fast they are, so that time is what they cost.
    """
    if wanted is not None:
        return wanted
    if times_matter:
        return Cost.TIME
    return Cost.GMACS if 2 * sum(card.gmacs is not None for card in cards) >= len(cards) else Cost.PARAMETERS


def cost_of(card: ModelCard, cost: Cost, speed: Number) -> float | None:
    """Return what a model costs; None where it is not known.

    Args:
        card: of the model.
        cost: what is counted.
        speed: images a second.
    """
    if cost is Cost.PARAMETERS:
        return None if card.parameters is None else float(card.parameters)
    if cost is Cost.GMACS:
        return card.gmacs
    found = speed(card)
    return None if found is None else 1000.0 / found


def find_front(accuracies: Sequence[float], costs: Costs) -> list[bool]:
    """Return which models are on the Pareto front: none is better in one and not worse in the other.

    A model of unknown cost is not. Costs of which the first three digits agree are the same, for sources round them
    differently. Of models that are the same in both, all are.

    Args:
        accuracies: higher is better.
        costs: lower is better.

    >>> find_front([0.9, 0.8, 0.7, 0.9], [4.0, 2.0, 3.0, None])
    [True, True, False, False]
    >>> find_front([0.90, 0.89], [4.456, 4.45553])
    [True, False]
    """
    known = sorted(
        (float(f"{cost:.3g}"), -accuracy, i)
        for i, (accuracy, cost) in enumerate(zip(accuracies, costs, strict=True))
        if cost
    )
    front = [False] * len(accuracies)
    best, at = -math.inf, -math.inf
    for cost, loss, i in known:
        if -loss > best or (-loss == best and cost == at):
            front[i], best, at = True, -loss, cost
    return front


def rate(accuracies: Sequence[float], costs: Costs, utility: float) -> list[float | None]:
    r"""Return the value of each model, higher is better; None where a cost counts and is not known.

    Along the front, from the cheapest model to the most accurate one, the accuracy :math:`a` and the logarithm of the
    cost :math:`c` are counted from 0 to 1, and with the weight :math:`u` of accuracy the value is

    .. math:: u a - (1 - u) c

    So 0.5 gives as much for a halved cost as it gives for the accuracy that halving it costs along the front.

    Args:
        accuracies: in [0, 1].
        costs: above 0.
        utility: the weight, in [0, 1].
    """
    if utility == 1.0:
        return list(accuracies)
    ends = [
        (accuracy, math.log(cost))
        for accuracy, cost, on in zip(accuracies, costs, find_front(accuracies, costs), strict=True)
        if on and cost is not None
    ]
    if not ends:
        return [None] * len(accuracies)
    (low, high), (cheap, dear) = ((min(end), max(end)) for end in zip(*ends, strict=True))
    return [
        None
        if cost is None
        else utility * (accuracy - low) / ((high - low) or 1.0)
        - (1 - utility) * (math.log(cost) - cheap) / ((dear - cheap) or 1.0)
        for accuracy, cost in zip(accuracies, costs, strict=True)
    ]
