"""The planted case: a synthetic source whose helping, hurting and inert classes are known by construction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from zoograph.data.collections.glyphs.drawing import SIDE, Image8, draw_glyph, seeded
from zoograph.data.collections.glyphs.models import Architecture
from zoograph.training.analysis.influence.batched_training import Schedule
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.analysis.influence.small_tasks import SmallTask

KINDS = ("help", "hurt", "inert")

_CHARACTERS = "AEHKMSTX"
_TRAIN = {"help": 24, "hurt": 96, "inert": 12}  # images of a source class
_TEST = 8
_TARGET_TRAIN, _TARGET_TEST = 8, 30  # of a target class

_NETWORK = Architecture(
    "convnext",
    "test_convnext",
    {
        "dims": (8, 16, 24, 24),
        "depths": (0, 1, 0, 0),
        "patch_size": 4,
        "kernel_sizes": 3,
        "act_layer": "relu",
        "global_pool": "fastavg",
    },
    8e-3,
)


@dataclass(frozen=True, eq=False)
class PlantedCase:
    """A source and a target.

    Attributes:
        source: classes in the order of ``kinds``.
        target: eight characters, of which there are few training images.
        kinds: (C,) of each source class: ``help`` shows one of the target's characters; ``hurt`` shows all of them
            under one label, so that no character tells these classes apart; ``inert`` shows grey paper.
        recipe: of networks that are small enough for hundreds of them.
    """

    source: SmallTask
    target: SmallTask
    kinds: NDArray[np.str_]
    recipe: Recipe


@lru_cache(maxsize=2)
def make_planted_case(seed: int = 0) -> PlantedCase:
    """Draw the planted case: eight source classes of each kind."""
    size = len(_CHARACTERS)
    draw = {"help": _helping, "hurt": _hurting, "inert": _inert}
    classes = [(kind, number) for kind in KINDS for number in range(size)]
    names = [f"{kind} {number}" for kind, number in classes]
    parts = [
        [draw[kind](number, counts[kind], seeded("planted", seed, part, kind, number)) for kind, number in classes]
        for part, counts in (("train", _TRAIN), ("test", dict.fromkeys(KINDS, _TEST)))
    ]
    source = SmallTask("planted_source", tuple(names), *_stack(parts[0]), *_stack(parts[1]))
    wanted = [
        [_helping(number, count, seeded("planted", seed, f"target {part}", number)) for number in range(size)]
        for part, count in (("train", _TARGET_TRAIN), ("test", _TARGET_TEST))
    ]
    target = SmallTask("planted_target", tuple(_CHARACTERS), *_stack(wanted[0]), *_stack(wanted[1]))
    recipe = Recipe(_NETWORK, Schedule(steps=300, batch_size=16, learning_rate=8e-3, most_shift=1))
    return PlantedCase(source, target, np.repeat(KINDS, size), recipe)


def area_under_curve(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Return the chance that one of ``higher`` exceeds one of ``lower``, in [0, 1]; a tie counts as half.

    >>> area_under_curve(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    0.875
    """
    difference = higher[:, None] - lower[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _helping(number: int, count: int, rng: np.random.Generator) -> Image8:
    return np.stack([draw_glyph(_CHARACTERS[number], "print", rng) for _ in range(count)])


def _hurting(number: int, count: int, rng: np.random.Generator) -> Image8:
    shown = [_CHARACTERS[place % len(_CHARACTERS)] for place in range(count)]
    return np.stack([draw_glyph(character, "print", rng) for character in shown])


def _inert(number: int, count: int, rng: np.random.Generator) -> Image8:
    grey = 60 + 20 * number
    return np.clip(rng.normal(grey, 12, (count, SIDE, SIDE)), 0, 255).astype(np.uint8)


def _stack(classes: list[Image8]) -> tuple[Image8, NDArray[np.int64]]:
    return np.concatenate(classes), np.repeat(np.arange(len(classes)), [len(images) for images in classes])
