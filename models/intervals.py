"""90 % intervals of the baselines, from their errors on held-out records and held-out datasets."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor

from zoograph.models.conformal import half_width
from zoograph.models.method import Prediction

_MARGIN = 1e-3


def bounded(mean: Tensor) -> Tensor:
    r"""Bring estimates into (0, 1) and keep their order.

    Within a thousandth of either end, and beyond, an estimate is bent instead of cut, so that two models
    that are both expected above 1 still rank.

    .. math:: 1 - \epsilon^2 / (\epsilon + x - (1 - \epsilon)) \quad \text{for } x > 1 - \epsilon = 0.999

    >>> bounded(torch.tensor([0.5, 0.999, 1.5, 2.0])).lt(1).all().item()
    True
    """
    over = (mean - (1 - _MARGIN)).clamp(min=0)
    under = (_MARGIN - mean).clamp(min=0)
    high = 1 - _MARGIN**2 / (_MARGIN + over)
    low = _MARGIN**2 / (_MARGIN + under)
    return torch.where(over > 0, high, torch.where(under > 0, low, mean))


class Widths(NamedTuple):
    """Half-widths of 90 % intervals: a dataset that has no record is predicted less well than one that has.

    Attributes:
        known: for datasets with records.
        newcomer: for datasets without, never below ``known``.
    """

    known: float
    newcomer: float

    @classmethod
    def of(cls, known: Tensor, newcomer: Tensor) -> Self:
        """Return the widths of (n,) errors on held-out records, and of (k,) errors on held-out datasets."""
        width = half_width(known)
        return cls(width, max(width, half_width(newcomer)))

    def at(self, seen: Tensor) -> Tensor:
        """Return (n,) the width for each pair whose dataset was ``seen`` (n,) bool in training."""
        return torch.where(seen, self.known, self.newcomer).double()


def without_own(errors: Tensor, num_groups: int) -> Tensor:
    """Return (n,) errors around a mean of equal parts as they would be, had each left its own part out.

    Leaving one of G parts out moves a mean so that every deviation from it grows by G / (G - 1). Nothing is
    returned for one part, which leaves no mean.
    """
    return errors * num_groups / (num_groups - 1) if num_groups > 1 else errors[:0]


def around(mean: Tensor, width: Tensor | float) -> Prediction:
    """Return the prediction of (n,) ``mean``, bounded, and intervals of half-width ``width`` in [0, 1]."""
    mean = bounded(mean.double())
    low, high = (mean - width).clamp(0, 1), (mean + width).clamp(0, 1)
    return Prediction(mean.float(), low.float(), high.float())


def random_folds(num_rows: int, num_folds: int) -> Tensor:
    """Return (n,) folds of equal size, drawn with a fixed seed: they depend on the number of rows alone."""
    order = torch.randperm(num_rows, generator=torch.Generator().manual_seed(0))
    folds = torch.empty(num_rows, dtype=torch.long)
    folds[order] = torch.arange(num_rows) % num_folds
    return folds


def dataset_folds(datasets: Tensor, num_folds: int = 5) -> list[Tensor]:
    """Return up to ``num_folds`` (n,) bool masks that together hold out every dataset once, whole.

    Args:
        datasets: (n,) dataset node of each record.
        num_folds: no more than this; none at all for a single dataset.
    """
    present, column = torch.unique(datasets, return_inverse=True)
    if len(present) < 2:
        return []
    folds = random_folds(len(present), min(num_folds, len(present)))[column]
    return [folds == fold for fold in range(int(folds.max()) + 1)]
