"""A network between two passes over the records: all that its training goes on from, as tensors and plain values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from zoograph.training.networks.member_cache import Part

_SCHEDULE = ("last_epoch", "_step_count", "_last_lr")
_GROUP = ("lr", "betas")


def checkpoint(network: nn.Module, optimizer: Optimizer, schedule: LRScheduler, epoch: int, generator: Tensor) -> Part:
    """Return the state of a training that is about to begin a pass.

    Args:
        network: as learned so far.
        optimizer: of Adam's kind.
        schedule: of its learning rate.
        epoch: passes that were made.
        generator: state of the generator that draws the episodes.
    """
    described = optimizer.state_dict()
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for place, moments in described["state"].items():
        tensors |= {f"optimizer.{place}.{name}": tensor for name, tensor in moments.items()}
    (group,) = described["param_groups"]
    about = {
        "epoch": epoch,
        "group": {name: group[name] for name in _GROUP},
        "schedule": {name: schedule.state_dict()[name] for name in _SCHEDULE},
    }
    return Part({**tensors, "generator": generator}, about)


def restore_network(part: Part, network: nn.Module) -> None:
    """Give ``network`` back what it had learned."""
    network.load_state_dict(_under(part, "network."))


def restore_optimizer(part: Part, optimizer: Optimizer, schedule: LRScheduler) -> None:
    """Give a new optimizer and its schedule, in place, the state that they had."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under(part, "optimizer.").items():
        place, _, own = name.partition(".")
        moments.setdefault(int(place), {})[own] = tensor
    (group,) = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": [{**group, **_plain(part.about["group"])}]})
    schedule.load_state_dict({**schedule.state_dict(), **part.about["schedule"]})


def restore_generator(part: Part) -> torch.Generator:
    """Return the generator that draws the episodes, where it was."""
    generator = torch.Generator()
    generator.set_state(part.tensors["generator"])
    return generator


def _under(part: Part, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): x for name, x in part.tensors.items() if name.startswith(prefix)}


def _plain(group: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a parameter group; JSON made lists of its tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in group.items()}
