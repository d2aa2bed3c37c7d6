"""Mean and standard deviation of the accuracies on every dataset, with pooling where records are few."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zoograph.models.training_records import TrainingRecords, count, look_up, total

OWN_SPREAD = 10
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class DatasetScale:
    """Where the accuracies of a dataset lie, and how far the models lie apart.

    A level is the mean of the dataset's records. A spread is their standard deviation if there are ten of
    them or more, otherwise the pooled one: a handful of records says more about chance than about the
    dataset. A dataset without a record takes the mean level and the pooled spread.

    What :class:`zoograph.models.gp.accuracy_scale.AccuracyScale` decides once for a zoo, this decides for each
    dataset.

    Attributes:
        level: (D,) by dataset node, in accuracy.
        spread: (D,) by dataset node, in accuracy, > 0.
        mean_level: of the datasets that have records.
        mean_spread: pooled within datasets.
    """

    level: Tensor
    spread: Tensor
    mean_level: float
    mean_spread: float

    @classmethod
    def fitted(cls, records: TrainingRecords) -> DatasetScale:
        """Return the scale of every dataset node."""
        size = len(records.dataset_ids)
        number = count(records.dataset, size)
        level = total(records.value, records.dataset, size) / number.clamp(min=1)
        squares = total((records.value - level[records.dataset]).square(), records.dataset, size)
        seen = number > 0
        pooled = max(float((squares.sum() / number.sum()).sqrt()), _LEAST_SPREAD)
        spread = (squares / number.clamp(min=1)).sqrt().clamp(min=_LEAST_SPREAD)
        levels = level[seen]
        return cls(
            torch.where(seen, level, levels.mean()),
            torch.where(number >= OWN_SPREAD, spread, pooled),
            float(levels.mean()),
            pooled,
        )

    def standardised(self, records: TrainingRecords) -> Tensor:
        """Return (n,) the records in units of their datasets' spreads above their levels."""
        return (records.value - self.level[records.dataset]) / self.spread[records.dataset]

    def restored(self, values: Tensor, places: Tensor) -> Tensor:
        """Return (n,) accuracies of standardised ``values`` on dataset ``places``; -1 is a newcomer."""
        return look_up(self.level, places, self.mean_level) + values * self.spreads(places)

    def spreads(self, places: Tensor) -> Tensor:
        """Return (n,) the spread of each place, the pooled one for -1."""
        return look_up(self.spread, places, self.mean_spread)
