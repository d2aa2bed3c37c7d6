"""How far predictions were off on average in tests, by what of a pair had no record; docs/trust.md has every group."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from zoograph.data.records.cards import Modality


class Newness(Enum):
    """What of a pair has no record of the kind that is predicted."""

    NOTHING = "nothing"
    MODEL = "model"
    DATASET = "dataset"


USUAL_POINTS: Mapping[Newness, Mapping[str, tuple[int, int]]] = {
    Newness.NOTHING: {Modality.IMAGE: (2, 2), Modality.TEXT: (6, 6)},
    Newness.MODEL: {Modality.IMAGE: (1, 2), Modality.TEXT: (5, 5)},
    Newness.DATASET: {Modality.IMAGE: (7, 16), Modality.TEXT: (7, 15)},
}
"""Mean absolute errors in points, of the best and the worst collection that was tested.

A dataset is new where it, or its whole collection, was left out. Where nothing is new, three models of a dataset
were known.
"""


def say_points(newness: Newness, modality: str) -> str | None:
    """Return the usual error in words, such as ``7 to 15 points``; None for a modality that was not tested."""
    low, high = USUAL_POINTS[newness].get(modality, (0, 0))
    if not high:
        return None
    return f"{low} to {high} points" if low < high else f"{high} points"
