r"""What a measurement is worth: by how much it is expected to raise the accuracy of the model that is then picked.

Frazier, Powell and Dayanik, 2009, "The Knowledge-Gradient Policy for Correlated Normal Beliefs", INFORMS Journal on
Computing 21(4), eq. 7:

.. math:: \nu_i = E\left[\max_j \mu_j + \tilde\sigma_j(i)\, Z\right] - \max_j \mu_j, \quad
    \tilde\sigma_j(i) = \Sigma_{ji} / \sqrt{\Sigma_{ii} + \lambda_i}, \quad Z \sim N(0, 1).

It is the expected drop of the expected regret, in units of accuracy.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zoograph.training.choosing.beliefs.belief import Belief

_NODES = 64
_AT_ONCE = 4_000_000  # numbers


def values_of_measuring(belief: Belief, more_noise: Tensor | None = None) -> Tensor:
    """Return (k,) what measuring each model once is worth, 0 or more; higher is better.

    The expectation is a mean over 64 equally likely parts of Z, each at its own mean: what is expected of a function
    that is linear in each part, as this one is but for a few kinks, is exact.

    Args:
        belief: what is known by now.
        more_noise: (k,) variance that a measurement has beside the noise of a run; default: none.
    """
    ends = torch.special.ndtri(torch.linspace(0, 1, _NODES + 1, dtype=torch.float64))
    z = -_NODES * torch.diff(torch.exp(-ends.square() / 2)) / math.sqrt(2 * math.pi)
    noise = belief.noise if more_noise is None else belief.noise + more_noise
    reach = belief.covariance / (belief.covariance.diagonal() + noise).sqrt()
    best, parts = belief.mean.max(), []
    for columns in reach.t().split(max(1, _AT_ONCE // (_NODES * len(reach)))):
        raised = (belief.mean + columns[:, None, :] * z[:, None]).max(2).values
        parts.append((raised - best).mean(1))
    return torch.cat([best.new_zeros(0), *parts]).clamp(min=0)


def best_rate(belief: Belief, values: Tensor, seconds: Tensor, open_: Tensor) -> int | None:
    """Return the model whose measurement is worth most per second; None if none is open.

    Where no measurement is expected to change the choice, the likeliest best ones are looked at all the same.

    Args:
        belief: what is known by now.
        values: (k,) see :func:`values_of_measuring`.
        seconds: (k,) that a measurement of each takes.
        open_: (k,) bool, which may be measured.
    """
    if not bool(open_.any()):
        return None
    hopeful = 1e-12 * (belief.mean - belief.mean.min())
    return int(((values + hopeful) / seconds).masked_fill(~open_, -math.inf).argmax())
