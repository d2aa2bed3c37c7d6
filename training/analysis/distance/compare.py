"""Parameter distance of three checkpoints, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from zoograph.data.networks.blocks import Grouping, network_blocks
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.networks.weights import (
    empty_network,
    read_weights,
)
from zoograph.graphs.scores.analysis.parameter_distance import Norm, parameter_distance

States = Mapping[str, Mapping[str, Tensor]]


class Block(BaseModel):
    """A block, its distances from the fine-tuned weights, and their ratio T, which may be infinite."""

    model_config = ConfigDict(ser_json_inf_nan="strings")

    name: str
    from_random: float
    from_pretrained: float
    ratio: float


class How(NamedTuple):
    """What is compared: how fine the blocks are, and by which distance."""

    grouping: Grouping = Grouping.BLOCKS
    norm: Norm = Norm.L1


AS_PUBLISHED = How()


class DistanceReport(BaseModel):
    """What is known of one pair.

    Attributes:
        model: name or id.
        dataset: id in the store; None for checkpoints that were given.
        blocks: from the images to the features.
        head: the classifier, which does not count; None where it is left out.
        head_note: why it is.
        transferability: T, mean over the blocks; infinite if a block did not move.
        log_transferability: natural logarithm of T; None where T is infinite.
        unmoved: blocks that did not move.
        accuracy: top-1 after fine-tuning, in [0, 1]; None for checkpoints that were given.
        folder: where the three checkpoints are; None likewise.
        is_stored: whether log T is a score of the store.
    """

    model_config = ConfigDict(ser_json_inf_nan="strings")

    model: str
    dataset: str | None = None
    blocks: list[Block]
    head: Block | None
    head_note: str | None
    transferability: float
    log_transferability: float | None
    unmoved: list[str]
    accuracy: float | None = None
    folder: str | None = None
    is_stored: bool = False


def compare_checkpoints(name: str, files: Mapping[str, Path], how: How = AS_PUBLISHED) -> DistanceReport:
    """Compare three checkpoints of one architecture.

    Args:
        name: the architecture, which timm knows.
        files: of the ``random``, ``pretrained`` and ``finetuned`` weights, each whatever
            :func:`zoograph.data.networks.weights.load_pretrained` takes.
        how: blocks and distance.

    Raises:
        UnknownName: if timm has no such model.
        WeightsError: if a file cannot be read, is of another architecture, or holds what is no number.
    """
    network = empty_network(name)
    states = {role: read_weights(files[role], name) for role in ("random", "pretrained", "finetuned")}
    return compare_states(name, network, states, how)


def compare_states(name: str, network: nn.Module, states: States, how: How) -> DistanceReport:
    """Compare the ``random``, ``pretrained`` and ``finetuned`` weights of a network.

    Raises:
        WeightsError: if they hold what is no number.
    """
    found = network_blocks(network, how.grouping)
    three = (states["random"], states["pretrained"], states["finetuned"])
    try:
        distance = parameter_distance(*three, found.blocks, found.head, how.norm)
    except ValueError as error:
        raise WeightsError(f"The weights of '{name}' cannot be compared (got: {error}). Choose others.") from error
    blocks = [Block(**block._asdict(), ratio=block.ratio) for block in distance.blocks]
    head = distance.head
    return DistanceReport(
        model=name,
        blocks=blocks,
        head=head and Block(**head._asdict(), ratio=head.ratio),
        head_note=None if head else _why_left_out(found.head, three),
        transferability=distance.transferability,
        log_transferability=distance.log_transferability,
        unmoved=list(distance.unmoved),
    )


def _why_left_out(head: tuple[str, ...], states: Sequence[Mapping[str, Tensor]]) -> str:
    if not head:
        return "the architecture has none"
    sizes = [str(len(state[head[0]])) if head[0] in state else "no" for state in states]
    return f"the three have {', '.join(sizes[:2])} and {sizes[2]} classes"
