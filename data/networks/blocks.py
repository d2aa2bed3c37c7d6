"""The blocks of a network of timm, as timm itself groups its layers, and its classifier."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from zoograph.data.errors import ZoographError

if TYPE_CHECKING:
    from torch import nn  # commands import this file for its options, and start without torch


class Grouping(StrEnum):
    """How fine the blocks are: ``stages`` of one resolution, or the ``blocks`` that these repeat."""

    STAGES = "stages"
    BLOCKS = "blocks"


class NetworkBlocks(NamedTuple):
    """Names of the weights of a network: matrices and kernels, neither biases nor scales nor tokens.

    Attributes:
        blocks: block -> its weights, from the images to the features; a block without such weights is left out.
        head: weights of the classifier, which is in no block.
    """

    blocks: dict[str, tuple[str, ...]]
    head: tuple[str, ...]


def network_blocks(network: nn.Module, grouping: Grouping = Grouping.BLOCKS) -> NetworkBlocks:
    """Return the blocks of a network by timm's own ``group_matcher``, its classifier apart.

    A parameter is a weight if at least two of its dimensions are longer than one. A vision transformer has one
    resolution, and its stages are its blocks.

    Args:
        network: of timm, on any device.
        grouping: how fine.

    Raises:
        ZoographError: if timm does not say how the layers of the network are grouped.
    """
    from timm.models import group_parameters

    grouped: Any = network  # timm's interface is not typed
    try:
        matcher = grouped.group_matcher(coarse=grouping is Grouping.STAGES)
        groups: Mapping[int, list[str]] = group_parameters(network, matcher)
    except (AttributeError, AssertionError, NotImplementedError) as error:
        raise ZoographError(
            f"The network must have layers that timm groups (got '{type(network).__name__}', which has no groups). "
            "Choose another architecture."
        ) from error
    head = _head_names(grouped)
    weights = [name for name, parameter in network.named_parameters() if sum(n > 1 for n in parameter.shape) > 1]
    counted = set(weights) - head
    blocks: dict[str, tuple[str, ...]] = {}
    for names in groups.values():
        own = [name for name in names if name in counted]
        if own:
            name = _block_name(own, [other for other in weights if other not in own])
            blocks[name if name not in blocks else f"{name} ({len(blocks)})"] = tuple(own)
    return NetworkBlocks(blocks, tuple(name for name in weights if name in head))


def _head_names(network: Any) -> set[str]:
    classifier = network.get_classifier()
    modules = classifier if isinstance(classifier, tuple | list) else (classifier,)
    own = {id(parameter) for module in modules if module is not None for parameter in module.parameters()}
    return {name for name, parameter in network.named_parameters() if id(parameter) in own}


def _block_name(names: list[str], others: list[str]) -> str:
    """Return the module that the weights of a block share and no other block has, or else its modules side by side."""
    paths = [name.split(".") for name in names]
    depth = _shared_depth(paths)
    shared = ".".join(paths[0][:depth])
    if not names[1:]:
        return shared or names[0]
    if shared and not any(name.startswith(f"{shared}.") for name in others):
        return shared
    children: dict[str, list[list[str]]] = {}
    for path in paths:
        children.setdefault(path[depth], []).append(path[depth:])
    joined = "+".join(".".join(rest[0][: _shared_depth(rest) or 1]) for rest in children.values())
    return f"{shared}.{joined}" if shared else joined


def _shared_depth(paths: list[list[str]]) -> int:
    """Return how many modules the weights have in common, the weights' own names not counted."""
    depth = 0
    while all(len(path) > depth + 1 and path[depth] == paths[0][depth] for path in paths):
        depth += 1
    return depth
