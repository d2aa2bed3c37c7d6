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


class Measured(NamedTuple):
    """Logits of n measured accuracies, and the variance that a test set of that size gives them."""

    logit: Tensor
    variance: Tensor


def to_logits(accuracy: Tensor, chance: Tensor, test_size: Tensor) -> Measured:
    """Return the logits of (n,) accuracies.

    Half a right and half a wrong answer are added, so that 0 and 1 are finite. The variance is that of a binomial
    share, by the delta method.

    Args:
        accuracy: in [0, 1].
        chance: (n,) what guessing gives, in [0, 1).
        test_size: (n,) samples that each was measured on; NaN where not known.
    """
    size = torch.where(test_size.isnan(), _UNKNOWN_SIZE, test_size.double()).clamp(min=1)
    above = ((accuracy.double() - chance) / (1 - chance) * size + 0.5) / (size + 1)
    above = torch.maximum(torch.minimum(above, 1 - 0.5 / (size + 1)), (0.5 / (size + 1)).clamp(min=_LEAST_ABOVE))
    return Measured(torch.logit(above), binomial_variance(above, chance, size))


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
