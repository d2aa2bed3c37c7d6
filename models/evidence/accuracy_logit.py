r"""The scale on which accuracies are modelled: logits of what is above chance.

An accuracy :math:`a` on C classes is :math:`1/C + (1 - 1/C)\,\sigma(y)`: it lies between chance and 1 whatever
:math:`y` is, and an interval of :math:`y` is one of :math:`a`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

_UNKNOWN_SIZE = 2_000.0  # test images, where nobody says
_LEAST_ABOVE = 0.02  # an accuracy closer to chance or to 1 than this tells no more of its logit
_FEW = 500.0  # test images up to which a share is far from normal
_NEAR_CHANCE = 0.15
_PRIOR_DEVIATION = 1.5
_GRID = torch.linspace(-7.0, 7.0, 141, dtype=torch.float64)
_AT_ONCE = 5_000  # which stay in the processor's cache


class Measured(NamedTuple):
    """Logits of n measured accuracies, and the variance that a test set of that size gives them."""

    logit: Tensor
    variance: Tensor


def to_logits(accuracy: Tensor, chance: Tensor, test_size: Tensor) -> Measured:
    """Return the logits of (n,) accuracies.

    With many images, half a right and half a wrong answer are added, so that 0 and 1 are finite, and the variance is
    that of a binomial share, by the delta method. With few, and near chance, where a logit may be anything that is
    low, it is what the whole likelihood says, see :func:`_by_likelihood`.

    Args:
        accuracy: in [0, 1].
        chance: (n,) what guessing gives, in [0, 1).
        test_size: (n,) samples that each was measured on; NaN where not known.
    """
    size = torch.where(test_size.isnan(), _UNKNOWN_SIZE, test_size.double()).clamp(min=1)
    accuracy = accuracy.double()
    above = ((accuracy - chance) / (1 - chance) * size + 0.5) / (size + 1)
    above = torch.maximum(torch.minimum(above, 1 - 0.5 / (size + 1)), (0.5 / (size + 1)).clamp(min=_LEAST_ABOVE))
    logit, variance = torch.logit(above), binomial_variance(above, chance, size)
    rough = ((size < _FEW) | (above < _NEAR_CHANCE)).nonzero().flatten()
    logit[rough], variance[rough] = _each_once(accuracy[rough], chance[rough], size[rough])
    return Measured(logit, variance)


def _each_once(accuracy: Tensor, chance: Tensor, size: Tensor) -> Measured:
    """Return :func:`_by_likelihood` of (n,) accuracies; the same answers of as many are worked out once.

    Few samples allow few accuracies, so that of millions some thousands differ.
    """
    known = [torch.unique(column, return_inverse=True) for column in (chance, accuracy, size)]
    (chances, kind), (_, right), (_, number) = known
    key = (kind * len(known[1][0]) + right) * len(known[2][0]) + number
    keys, place = torch.unique(key, return_inverse=True)  # in the order of chances
    row = torch.empty_like(keys).index_copy_(0, place, torch.arange(len(key)))
    parts = row.split(torch.bincount(kind[row]).tolist())
    found = [
        torch.stack(_by_likelihood(accuracy[some], guess, size[some]))
        for guess, rows in zip(chances, parts, strict=True)
        for some in rows.split(_AT_ONCE)
    ]
    return Measured(*torch.cat([torch.empty(2, 0, dtype=torch.float64), *found], 1)[:, place])


def _by_likelihood(accuracy: Tensor, chance: Tensor, size: Tensor) -> Measured:
    """Return the normal measurements that move a wide prior of the logit as the binomial ones do, by quadrature.

    This is one step of expectation propagation (Minka, 2001, section 3.2): moments of prior times likelihood, over the
    prior. A delta method would give an accuracy at chance next to no weight, so that a better one, which has more,
    could lower what is expected.

    Args:
        accuracy: (n,) in [0, 1].
        chance: what guessing gives, the same of all.
        size: (n,) samples that each was measured on.
    """
    right = to_accuracy(_GRID, chance)
    log_prior = -0.5 * (_GRID / _PRIOR_DEVIATION).square()
    counts = torch.stack([size * accuracy, size * (1 - accuracy)], 1)
    weight = torch.softmax(torch.addmm(log_prior, counts, torch.stack([right.log(), torch.log1p(-right)])), 1)
    mean = weight @ _GRID
    variance = (weight * (_GRID - mean[:, None]).square()).sum(1)
    precision = (1 / variance - 1 / _PRIOR_DEVIATION**2).clamp(min=0.05)
    return Measured(mean / variance / precision, 1 / precision)


def binomial_variance(above: Tensor, chance: Tensor, test_size: Tensor) -> Tensor:
    """Return the variance of a measured logit whose share ``above`` chance is expected in (0, 1)."""
    size = torch.where(test_size.isnan(), _UNKNOWN_SIZE, test_size.double()).clamp(min=1)
    above = above.clamp(_LEAST_ABOVE, 1 - _LEAST_ABOVE)
    accuracy = chance + (1 - chance) * above
    return accuracy * (1 - accuracy) / size / ((1 - chance) * above * (1 - above)).square()


def to_accuracy(logit: Tensor, chance: Tensor) -> Tensor:
    """Return the accuracies of logits."""
    return chance + (1 - chance) * torch.sigmoid(logit)


def slope(accuracy: Tensor, chance: Tensor) -> Tensor:
    """Return how fast an accuracy rises with its logit, at that accuracy."""
    return (accuracy - chance) * (1 - accuracy) / (1 - chance)


def expected_accuracy(mean: Tensor, variance: Tensor, chance: Tensor) -> Tensor:
    r"""Return the mean accuracy of normal logits.

    By :math:`E\,\sigma(y) \approx \sigma(\mu / \sqrt{1 + \pi v / 8})` (MacKay, 1992, "The Evidence Framework Applied to
    Classification Networks", eq. 10); off by less than 0.02.
    """
    return to_accuracy(mean / (1 + math.pi / 8 * variance).sqrt(), chance)
