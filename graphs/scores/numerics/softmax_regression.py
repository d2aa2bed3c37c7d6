"""Softmax regression with a ridge: truncated Newton steps, preconditioned by the spread of the features."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.undefined import UndefinedScore

_MAX_STEPS, _MAX_INNER, _MIN_SCALE = 100, 200, 1e-8
_TOLERANCE = 1e-10  # of the predicted decrease, relative to the objective
_FORCING = 0.3  # an inner solution stops at this part of its first residual, or earlier near the minimum
_JITTER = 1e-12
_MAX_MOVE = 10.0  # nats that the logits of a sample may move apart in one step


class SoftmaxFit(NamedTuple):
    """A fitted regression.

    Attributes:
        objective: the summed cross-entropy in nats plus ridge / 2 times the squared weights.
        probabilities: (N, C) fitted probabilities.
    """

    objective: float
    probabilities: Tensor


def fit_softmax(rows: Tensor, targets: Tensor, spread: Tensor, ridge: float) -> SoftmaxFit:
    """Minimise summed cross-entropy plus ridge / 2 times the squared weights; the bias is free.

    Objective and gradient are in float64. The products with the Hessian, which only propose a direction, are in
    float32.

    Args:
        rows: (N, K) float64 centred features along their principal axes.
        targets: (N,) classes 0 … C - 1, each of which occurs.
        spread: (K,) sums of squares of the rows along each axis.
        ridge: positive weight of the squared weights.

    Returns:
        The fit, whose objective exceeds the minimum by about 1e-10 of itself at most.

    Raises:
        UndefinedScore: if the minimum is not reached.
    """
    wanted = torch.nn.functional.one_hot(targets).double()
    singles = rows.float()
    theta = rows.new_zeros(rows.shape[1] + 1, wanted.shape[1])  # weights, and the bias in the last row
    theta[-1] = wanted.mean(dim=0).log()
    logits = theta[-1].expand_as(wanted).log_softmax(dim=1)
    objective = _objective(logits, targets, theta, ridge)
    first = 0.0
    for _ in range(_MAX_STEPS):
        probabilities = logits.exp()
        errors = probabilities - wanted
        gradient = torch.cat([rows.T @ errors + ridge * theta[:-1], errors.sum(dim=0, keepdim=True)])
        precondition = _preconditioner(probabilities, spread, ridge)
        decrease = float((gradient * precondition(gradient.float())).sum())
        enough = _TOLERANCE * objective
        if decrease <= enough:
            return SoftmaxFit(objective, probabilities)
        if not math.isfinite(decrease):
            break
        first = first or decrease
        reduction = max(min(_FORCING**2, decrease / first), 1e-3 * enough / decrease)
        step = _solve(_hessian(probabilities.float(), singles, ridge), precondition, -gradient.float(), reduction)
        step = step.double()
        moved = rows @ step[:-1] + step[-1]
        scale = min(1.0, _MAX_MOVE / float((moved.amax(dim=1) - moved.amin(dim=1)).max()))
        slope, before, start, origin = 1e-4 * float((gradient * step).sum()), objective, theta, logits
        while True:
            theta, logits = start + scale * step, (origin + scale * moved).log_softmax(dim=1)
            objective = _objective(logits, targets, theta, ridge)
            if not objective > before + scale * slope:
                break
            scale /= 2
            if scale < _MIN_SCALE:
                raise UndefinedScore("the softmax regression on the features does not converge")
    raise UndefinedScore("the softmax regression on the features does not converge")


def _objective(log_probabilities: Tensor, targets: Tensor, theta: Tensor, ridge: float) -> float:
    likelihood = log_probabilities.gather(1, targets[:, None]).sum()
    return float(ridge / 2 * theta[:-1].square().sum() - likelihood)


def _hessian(probabilities: Tensor, rows: Tensor, ridge: float) -> Callable[[Tensor], Tensor]:
    """Return the product of the objective's Hessian with a direction."""

    def product(direction: Tensor) -> Tensor:
        weighted = probabilities * (rows @ direction[:-1] + direction[-1])
        weighted -= probabilities * weighted.sum(dim=1, keepdim=True)
        return torch.cat([rows.T @ weighted + ridge * direction[:-1], weighted.sum(dim=0, keepdim=True)])

    return product


def _preconditioner(probabilities: Tensor, spread: Tensor, ridge: float) -> Callable[[Tensor], Tensor]:
    """Return the inverse of a Hessian in which all samples have the mean variance of a class: it is diagonal."""
    variances = (probabilities * (1 - probabilities)).mean(dim=0)
    weights = spread[:, None] * variances
    # The second term keeps the inverse finite where the ridge is lost in rounding.
    weights += ridge + _JITTER * weights.sum(dim=0)
    factors = (1 / torch.cat([weights, variances[None] * len(probabilities)])).float()
    return lambda residual: factors * residual


def _solve(
    product: Callable[[Tensor], Tensor], inverse: Callable[[Tensor], Tensor], target: Tensor, reduction: float
) -> Tensor:
    """Return a solution by conjugate gradients that cuts the preconditioned squared residual to ``reduction`` of it."""
    solution, residual = torch.zeros_like(target), target
    direction = inverse(residual)
    size = (residual * direction).sum()
    enough = reduction * size
    for _ in range(_MAX_INNER):
        image = product(direction)
        length = size / (direction * image).sum()
        solution = solution + length * direction
        residual = residual - length * image
        corrected = inverse(residual)
        previous, size = size, (residual * corrected).sum()
        if not size > enough:
            return solution
        direction = corrected + size / previous * direction
    return solution
