"""Members of an ensemble: which source classes each one sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.data.collections.glyphs.drawing import seeded
from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.small_tasks import SmallTask

UNITS = ("class", "example")


class Members(NamedTuple):
    """Models that are to be trained.

    Attributes:
        keep: (M, U) whether a model sees a unit of the source: a class, or a training image.
        seeds: (M,) of weights and batches.
    """

    keep: NDArray[np.bool_]
    seeds: tuple[int, ...]


def random_members(units: int, count: int, share: float = 0.5, seed: int = 0) -> Members:
    """Draw models that see a fixed share of the units each; number i is the same however many there are.

    Raises:
        ZoographError: if fewer than two units would be seen, or none left out.
    """
    size = round(share * units)
    if not 2 <= size < units:
        raise ZoographError(
            f"A share of {share:g} of the source must leave at least two units in and one out (got {units} in all). "
            "Choose a source with more classes."
        )
    keep = np.zeros((count, units), dtype=np.bool_)
    for row in range(count):
        keep[row, seeded("units", seed, row).permutation(units)[:size]] = True
    return Members(keep, tuple(seed * 1_000_003 + row for row in range(count)))


def count_units(source: SmallTask, unit: str) -> int:
    """Return the number of classes or of training images.

    Raises:
        ZoographError: if there is no such unit, or if the source has fewer than three classes.
    """
    if unit not in UNITS:
        raise ZoographError(f"The unit of influence must be one of {', '.join(UNITS)} (got '{unit}').")
    if len(source.classes) < 3:
        raise ZoographError(
            f"Influence needs a source of at least three classes, so that a model can be trained without some "
            f"(got {len(source.classes)} in '{source.id}'). Choose another source."
        )
    return len(source.classes) if unit == "class" else len(source.train_labels)
