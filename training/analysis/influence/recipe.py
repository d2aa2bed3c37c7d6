"""Recipes: how the small models of an influence analysis are trained and transferred."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from torch import nn

from zoograph.data.errors import ZoographError
from zoograph.data.glyphs.models import Architecture
from zoograph.training.analysis.influence.batched_training import Schedule

TRANSFERS = ("head", "full")


_RECIPE = 1
"""Raised when the work changes what it makes, so that files of an older recipe are not taken up."""


# Layer norms and no batch norm, so that many of it can be trained at once.
TINY = Architecture(
    "convnext",
    "test_convnext",
    {
        "dims": (12, 24, 48, 48),
        "depths": (0, 1, 1, 0),
        "patch_size": 4,
        "kernel_sizes": 3,
        "act_layer": "relu",
        "global_pool": "fastavg",
    },
    8e-3,
)


@dataclass(frozen=True)
class Recipe:
    """How source models are made and transferred.

    Attributes:
        network: the architecture.
        schedule: of the pre-training.
        transfer: ``head`` for a new linear classifier on frozen features, ``full`` for a training of all layers.
        fine_schedule: of the training of all layers.
    """

    network: Architecture = TINY
    schedule: Schedule = field(default_factory=Schedule)
    transfer: str = "head"
    fine_schedule: Schedule = field(default_factory=lambda: Schedule(steps=200, learning_rate=2e-3))

    def create(self, num_classes: int) -> nn.Module:
        """Return the network with outputs for so many classes."""
        import timm

        name, arguments = self.network.timm_name, self.network.arguments
        return timm.create_model(name, pretrained=False, in_chans=1, num_classes=num_classes, **arguments)

    def pretraining(self) -> list[Any]:
        """Return what decides the weights of a source model."""
        return [_RECIPE, asdict(self.network), asdict(self.schedule)]


def choose_recipe(transfer: str) -> Recipe:
    """Return the recipe of a transfer.

    Raises:
        ZoographError: if there is no such transfer.
    """
    if transfer not in TRANSFERS:
        raise ZoographError(f"The transfer must be one of {', '.join(TRANSFERS)} (got '{transfer}').")
    return Recipe(transfer=transfer)
