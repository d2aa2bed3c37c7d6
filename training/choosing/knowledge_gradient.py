r"""What a measurement is worth: by how much it is expected to raise the accuracy of the model that is then picked.

Frazier, Powell and Dayanik, 2009, "The Knowledge-Gradient Policy for Correlated Normal Beliefs", INFORMS Journal on
Computing 21(4), eq. 7:

.. math:: \nu_i = E\left[\max_j \mu_j + \tilde\sigma_j(i)\, Z\right] - \max_j \mu_j, \quad
    \tilde\sigma_j(i) = \Sigma_{ji} / \sqrt{\Sigma_{ii} + \lambda_i}, \quad Z \sim N(0, 1).

It is the expected drop of the expected regret, in units of accuracy.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from zoograph.training.choosing.belief import Belief

_NODES = 32
_AT_ONCE = 4_000_000  # numbers


def values_of_measuring(belief: Belief) -> Tensor:
    """Return (k,) what measuring each model once is worth, 0 or more; higher is better.

    The expectation is taken by Gauss-Hermite quadrature with 32 nodes.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    z = torch.from_numpy(nodes) * math.sqrt(2.0)
    share = torch.from_numpy(weights) / math.sqrt(math.pi)
    reach = belief.covariance / (belief.covariance.diagonal() + belief.noise).sqrt()
    best, parts = belief.mean.max(), []
    for columns in reach.t().split(max(1, _AT_ONCE // (_NODES * len(reach)))):
        raised = (belief.mean + columns[:, None, :] * z[:, None]).max(2).values
        parts.append((raised - best) @ share)
    return torch.cat([best.new_zeros(0), *parts]).clamp(min=0)


def next_to_measure(belief: Belief, seconds: Tensor, measured: Tensor) -> int | None:
    """Return the model whose measurement is worth most per second; None if every one was measured.

    Args:
        belief: what is known by now.
        seconds: (k,) that a measurement of each takes.
        measured: (k,) bool, which are not measured again.
    """
    if bool(measured.all()):
        return None
    rate = values_of_measuring(belief) / seconds
    # Where no measurement is expected to change the choice, the likeliest best ones are looked at all the same.
    hopeful = 1e-12 * (belief.mean - belief.mean.min())
    return int((rate + hopeful).masked_fill(measured, -math.inf).argmax())
