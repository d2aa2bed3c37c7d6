"""Levels: what a model can be put through, from cheap to dear, and how much each says of what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.training.choosing.belief import Belief, binomial_noise

PROBE_IMAGES = 500
"""Images of the sample that a probe looks at; a dataset that is not twice as large is looked at whole instead."""

LEVELS: Mapping[Protocol, tuple[Protocol, ...]] = {
    Protocol.HEAD: (Protocol.PROBE, Protocol.HEAD),
    Protocol.FINETUNE: (Protocol.PROBE, Protocol.HEAD, Protocol.FINETUNE),
}

# Correlations of logits without the means of datasets and models: 240 pairs of the CLIP benchmark, 136 glyph pairs.
_AGREEMENT = {(Protocol.PROBE, Protocol.HEAD): 0.81, (Protocol.HEAD, Protocol.FINETUNE): 0.75}


def levels_of(protocol: Protocol, num_images: int, probe_images: int = PROBE_IMAGES) -> tuple[Protocol, ...]:
    """Return the levels up to the protocol that is asked for, cheapest first.

    >>> [level.value for level in levels_of(Protocol.FINETUNE, 900)]
    ['head', 'finetune']
    """
    return tuple(level for level in LEVELS[protocol] if level != Protocol.PROBE or num_images >= 2 * probe_images)


def agreement(level: Protocol, protocol: Protocol) -> float:
    """Return the correlation, in (0, 1], of what a level and a protocol find of a model beyond what is expected."""
    product = 1.0
    path = LEVELS[protocol]
    for step in pairwise(path[path.index(level) :]):
        product *= _AGREEMENT[step]
    return product


def more_noise(belief: Belief, level: Protocol, protocol: Protocol, test_size: float) -> Tensor:
    r"""Return (k,) the variance that a level has about what is asked for, beside the seed's.

    With the correlation :math:`\rho` and what is a model's own variance :math:`v`, it is :math:`v (1 / \rho^2 - 1)`;
    and a sample adds what its few test images leave open.

    Args:
        belief: of what is asked for.
        level: that is measured.
        protocol: that is asked for.
        test_size: images that the level is tested on.
    """
    own = belief.own() * (agreement(level, protocol) ** -2 - 1)
    return own + binomial_noise(belief.mean, test_size) if level is Protocol.PROBE else own
