"""Recipes: how the small models of an influence analysis are trained and transferred."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from zoograph.data.collections.glyphs.drawing import SIDE
from zoograph.data.collections.glyphs.models import Architecture
from zoograph.data.errors import ZoographError
from zoograph.data.networks.foreign import foreign_code
from zoograph.training.analysis.influence.batched_training import Schedule, initial_weights, see, train_many

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


def choose_recipe(transfer: str, architecture: str | None = None) -> Recipe:
    """Return the recipe of a transfer.

    Args:
        transfer: one of :data:`TRANSFERS`.
        architecture: a name of timm; default: a tiny ConvNeXt. Many are trained at once, which needs a network without
            batch norm and dropout that takes grey images of 32 x 32.

    Raises:
        ZoographError: if there is no such transfer, or the network is none of these.
    """
    if transfer not in TRANSFERS:
        raise ZoographError(f"The transfer must be one of {', '.join(TRANSFERS)} (got '{transfer}').")
    if architecture is None:
        return Recipe(transfer=transfer)
    recipe = Recipe(Architecture(architecture, architecture, {}, TINY.learning_rate), transfer=transfer)
    _require_batchable(recipe)
    return recipe


def _require_batchable(recipe: Recipe) -> None:
    name = recipe.network.timm_name
    other = "Choose another, such as 'test_convnext'."
    with foreign_code(f"The architecture '{name}' must be one of timm that takes grey images of 32 x 32", other):
        network = recipe.create(3).eval()
        network(torch.zeros(1, 1, SIDE, SIDE))
    unfit = [
        type(module).__name__
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        or (isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0)
        or type(module).__name__ == "DropPath"
    ]
    if unfit:
        raise ZoographError(
            f"The architecture '{name}' cannot be trained many at once: it has layers of '{unfit[0]}'. {other}"
        )
    with foreign_code(f"The architecture '{name}' must be one of which many are trained at once", other):
        _try_a_step(network)


def _try_a_step(network: nn.Module) -> None:
    """Train two of the networks for one step, and look with one of them."""
    images, rows = torch.zeros(3, 1, SIDE, SIDE), np.arange(3)
    start = torch.stack([initial_weights(network, seed) for seed in (0, 1)])
    weights = train_many(network, start, images, torch.arange(3), [rows, rows], (0, 1), Schedule(1, 2))
    see(network, weights[0], images)
