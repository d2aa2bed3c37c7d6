"""How long measurements take: from what cards say and the speed of this machine, corrected by what they took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol

_OPEN = 2.0  # seconds to make a network and read its weights, beside those that its size costs
_BYTES_PER_SECOND = 5e7
_HEAD = 2e-9  # seconds for an image, a feature and a class: the head's solver
_BACKWARD = 2.0  # passes that going backwards costs
_PRIOR = 1.0  # measurements that what was expected counts as


@dataclass(frozen=True)
class Work:
    """What there is to do at one level.

    Attributes:
        samples: that are looked at.
        train: samples of these that are trained on.
        classes: of the dataset.
        epochs: of fine-tuning; 0 for what trains a head alone.
    """

    samples: int
    train: int
    classes: int
    epochs: int = 0

    @property
    def test(self) -> int:
        """Samples that are tested on."""
        return max(self.samples - self.train, 1)


@dataclass
class Seconds:
    """Predicts how long a measurement takes.

    Args:
        speeds: model -> samples a second of a forward pass on this machine.
        work: by level.
    """

    speeds: Mapping[str, float]
    work: Mapping[Protocol, Work]
    _ratios: dict[Protocol, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._usual = median(self.speeds.values()) if self.speeds else 1.0

    def predict(self, card: ModelCard, level: Protocol) -> float:
        """Return the seconds that a measurement of a model takes; one of unknown speed is taken for a middling one."""
        return self._plain(card, level) * self.correction(level)

    def correction(self, level: Protocol) -> float:
        """Return the factor by which measurements took longer than expected; those of other levels count as one."""
        own = self._ratios.get(level, [])
        others = [ratio for each, ratios in self._ratios.items() if each != level for ratio in ratios]
        logs = [*own, *([sum(others) / len(others)] if others else [])]
        return math.exp(sum(logs) / (len(logs) + _PRIOR))

    def learn(self, card: ModelCard, level: Protocol, took: float) -> None:
        """Take note of how long a measurement took."""
        self._ratios.setdefault(level, []).append(math.log(max(took, 1e-3) / self._plain(card, level)))

    def _plain(self, card: ModelCard, level: Protocol) -> float:
        work, speed = self.work[level], self.speeds.get(card.id, self._usual)
        opening = _OPEN + 4 * (card.parameters or 0) / _BYTES_PER_SECOND
        head = _HEAD * work.train * (card.num_features or 1_000) * work.classes
        epochs = work.epochs * ((1 + _BACKWARD) * work.train + work.test) / speed
        return opening + work.samples / speed + head + epochs
