r"""How much nearer the pre-trained weights were to the fine-tuned ones than random weights, block by block.

Chen, Li, Ding, Liu, *An Empirical Study on Transferability of Pre-trained Deep Neural Networks*
(https://arxiv.org/abs/2212.00399).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor  # commands import this file for its options, and start without torch

Weights: TypeAlias = "Mapping[str, Tensor]"


class Norm(StrEnum):
    """How two weights of the same shape are held apart.

    ``l1`` is the mean absolute difference of their entries, as published; ``l2`` the root of the mean squared one,
    the Euclidean distance over the root of the number of entries.
    """

    L1 = "l1"
    L2 = "l2"

    def distance(self, one: Tensor, other: Tensor) -> float:
        """Return the distance of two tensors of the same shape, computed in float64."""
        difference = one.double() - other.double()
        return float(difference.abs().mean() if self is Norm.L1 else difference.square().mean().sqrt())


class BlockDistance(NamedTuple):
    """How far a block is from where fine-tuning ended, mean over its weights.

    Attributes:
        name: of the block.
        from_random: distance of the random weights from the fine-tuned ones, 0 or more.
        from_pretrained: the same of the pre-trained weights.
    """

    name: str
    from_random: float
    from_pretrained: float

    @property
    def ratio(self) -> float:
        """T of the block: 1 if pre-training came no nearer, larger is nearer, infinite if the block did not move."""
        return self.from_random / self.from_pretrained if self.from_pretrained else math.inf


class ParameterDistance(NamedTuple):
    """What :func:`parameter_distance` says.

    Attributes:
        blocks: from the images to the features.
        head: the classifier, which counts in no mean; None if the three do not have it in one size.
    """

    blocks: tuple[BlockDistance, ...]
    head: BlockDistance | None

    @property
    def transferability(self) -> float:
        """T of the network: mean of the blocks' T, positive; larger is nearer, infinite if a block did not move."""
        return fmean(block.ratio for block in self.blocks)

    @property
    def log_transferability(self) -> float | None:
        """Natural logarithm of T, higher is nearer; None where it is not finite."""
        value = self.transferability
        return math.log(value) if 0 < value < math.inf else None

    @property
    def unmoved(self) -> tuple[str, ...]:
        """The blocks that did not move."""
        return tuple(block.name for block in self.blocks if not block.from_pretrained)


def parameter_distance(
    random: Weights,
    pretrained: Weights,
    finetuned: Weights,
    blocks: Mapping[str, Sequence[str]],
    head: Sequence[str] = (),
    norm: Norm = Norm.L1,
) -> ParameterDistance:
    r"""Compare random, pre-trained and fine-tuned weights of one architecture.

    .. math:: T_l = \frac{\sum_{w \in l} D(\theta_{r,w}, \theta_{FB,w})}{\sum_{w \in l} D(\theta_{A,w}, \theta_{FB,w})},
        \qquad T = \frac1L \sum_l T_l

    with :math:`D` the mean absolute difference of the entries of a weight. Within a block it is the ratio of averages,
    as published, and every weight counts the same, however large.

    Args:
        random: name -> weight, of any random initialisation of the scheme that pre-training started with.
        pretrained: name -> weight.
        finetuned: name -> weight, trained on from ``pretrained``.
        blocks: block -> names of its weights; not empty. Where all three do not agree in the shape of one, nothing
            can be said.
        head: names of the weights of the classifier. It is compared if all three have it in one size.
        norm: distance between weights.

    Raises:
        ValueError: if there is no block, if a weight of a block is missing or has several shapes, or if one is not
            finite.

    >>> import torch
    >>> a, b, c = ({"w": torch.full((2, 2), x)} for x in (0.0, 3.0, 4.0))
    >>> parameter_distance(a, b, c, {"stem": ["w"]}).transferability
    4.0
    """
    three = (random, pretrained, finetuned)
    if not blocks or not all(blocks.values()):
        raise ValueError(f"'parameter_distance' needs blocks with weights (got {dict(blocks)})")
    for name in (name for names in blocks.values() for name in names):
        if not _is_shared(three, name):
            shapes = [tuple(state[name].shape) if name in state else None for state in three]
            raise ValueError(f"'parameter_distance' needs '{name}' in one shape in all three (got {shapes})")
    has_head = bool(head) and all(_is_shared(three, name) for name in head)
    return ParameterDistance(
        tuple(_measure(three, block, names, norm.distance) for block, names in blocks.items()),
        _measure(three, "head", head, norm.distance) if has_head else None,
    )


def _is_shared(states: Sequence[Weights], name: str) -> bool:
    return all(name in state for state in states) and len({state[name].shape for state in states}) == 1


def _measure(
    states: Sequence[Weights], block: str, names: Sequence[str], distance: Callable[[Tensor, Tensor], float]
) -> BlockDistance:
    random, pretrained, finetuned = states
    found = BlockDistance(
        block,
        fmean(distance(random[name], finetuned[name]) for name in names),
        fmean(distance(pretrained[name], finetuned[name]) for name in names),
    )
    if not (math.isfinite(found.from_random) and math.isfinite(found.from_pretrained)):
        raise ValueError(f"'parameter_distance' needs finite weights (got others in '{block}')")
    return found
