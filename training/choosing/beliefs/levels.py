"""Levels: what a model can be put through, from cheap to dear, and how much each says of what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.training.choosing.beliefs.belief import Belief, binomial_noise

PROBE_SAMPLES = 500
"""Samples that a probe looks at; a dataset that is not twice as large is looked at whole instead."""

LEVELS: Mapping[Protocol, tuple[Protocol, ...]] = {
    Protocol.HEAD: (Protocol.PROBE, Protocol.HEAD),
    Protocol.FINETUNE: (Protocol.PROBE, Protocol.HEAD, Protocol.FINETUNE),
}

# Correlations of logits beyond what is expected: 240 pairs of the CLIP benchmark, 136 of glyphs.
_AGREEMENT = {
    (Protocol.PROBE, Protocol.HEAD): 0.81,
    (Protocol.HEAD, Protocol.FINETUNE): 0.75,
}
_OFFSET_DEVIATION = 0.1  # by how much a level may lie above or below another for all models alike, in accuracy


def levels_of(protocol: Protocol, num_samples: int, probe_samples: int = PROBE_SAMPLES) -> tuple[Protocol, ...]:
    """Return the levels up to the protocol that is asked for, cheapest first.

    >>> [level.value for level in levels_of(Protocol.FINETUNE, 900)]
    ['head', 'finetune']
    """
    return tuple(level for level in LEVELS[protocol] if level != Protocol.PROBE or num_samples >= 2 * probe_samples)


def agreement(level: Protocol, protocol: Protocol) -> float:
    """Return the correlation, in (0, 1], of what a level and a protocol find of a model beyond what is expected."""
    product = 1.0
    chain = LEVELS[Protocol.FINETUNE]
    for step in pairwise(chain[chain.index(level) : chain.index(protocol) + 1]):
        product *= _AGREEMENT[step]
    return product


def more_noise(prior: Belief, level: Protocol, protocol: Protocol, test_size: float) -> Tensor:
    r"""Return (k,) the variance that a level has about what is asked for, beside the seed's.

    With the correlation :math:`\rho` and what is a model's own variance :math:`v`, it is :math:`v (1 / \rho^2 - 1)`;
    and a sample adds what its few test samples leave open.

    Args:
        prior: what is believed before anything is measured on the dataset.
        level: that is measured.
        protocol: that is asked for.
        test_size: samples that the level is tested on.
    """
    own = prior.own() * (agreement(level, protocol) ** -2 - 1)
    return own + binomial_noise(prior.mean, test_size) if level is Protocol.PROBE else own


def noise_of(
    prior: Belief, places: Tensor, levels: Sequence[Protocol], protocol: Protocol, test_sizes: Mapping[Protocol, float]
) -> Tensor:
    """Return (n, n) the covariance of n measurements about what is asked for.

    Those of one cheaper level have an unknown offset in common: what such a level says is how models differ.

    Args:
        prior: what is believed before anything is measured on the dataset.
        places: (n,) models that were measured.
        levels: n, at which.
        protocol: that is asked for.
        test_sizes: samples that each level is tested on.
    """
    noise = torch.diag(prior.noise[places])
    for level in {each for each in levels if each is not protocol}:
        here = torch.tensor([each is level for each in levels]).to(noise)
        own = more_noise(prior, level, protocol, test_sizes.get(level, PROBE_SAMPLES))[places]
        noise = noise + torch.diag(here * own) + _OFFSET_DEVIATION**2 * torch.outer(here, here)
    return noise


def translated(belief: Belief, answered: Protocol, asked: Protocol) -> Belief:
    """Return a belief of a cheaper level as one of what is asked for: wider, and with an offset that all share.

    Args:
        belief: what records of other datasets say under ``answered``.
        answered: a level of ``asked``, or ``asked`` itself.
        asked: that accuracies are sought under.
    """
    if answered is asked:
        return belief
    wider = belief.own() * (agreement(answered, asked) ** -2 - 1)
    return replace(belief, covariance=belief.covariance + torch.diag(wider) + _OFFSET_DEVIATION**2)
