"""Standardisation of accuracies within datasets, where these have enough records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

# With fewer records a dataset than this, its own mean and spread are too uncertain to standardise by.
_RECORDS_TO_STANDARDISE = 20
# With fewer it takes the mean and spread of all.
_RECORDS_OF_ITS_OWN = 3
_LEAST_SPREAD = 1e-4


@dataclass(frozen=True)
class AccuracyScale:
    """Accuracy = centre + spread x latent, with one centre and spread a dataset.

    Where datasets have 20 records or more on average, each is standardised by its own mean and spread,
    so that a hard and an easy dataset weigh the same in learning who is good. Elsewhere all share one
    scale, and how hard a dataset is is left to be learned.

    Attributes:
        centre: (D,).
        spread: (D,).
        standardised: whether datasets have scales of their own.
        doubt: standard deviation of the centre of a dataset without records; 0 unless standardised.
    """

    centre: Tensor
    spread: Tensor
    standardised: bool
    doubt: float

    @classmethod
    def fitted(cls, values: Tensor, datasets: Tensor, num_datasets: int) -> Self:
        """Return the scale of measured ``values`` (n,) on ``datasets`` (n,)."""
        counts = torch.bincount(datasets, minlength=num_datasets)
        centre = values.mean().repeat(num_datasets)
        spread = values.std(correction=0).clamp(min=_LEAST_SPREAD).repeat(num_datasets)
        if counts[counts > 0].double().mean() < _RECORDS_TO_STANDARDISE:
            return cls(centre, spread, False, 0.0)
        own = {k: values[datasets == k] for k in (counts >= _RECORDS_OF_ITS_OWN).nonzero().flatten().tolist()}
        # Nothing can be learned from the ranking of a dataset most of whose records are one and the same value.
        informative = {k: float((group == group.median()).double().mean()) < 0.5 for k, group in own.items()}
        usable = [group for k, group in own.items() if informative[k]]
        if not usable:
            return cls(centre, spread, False, 0.0)
        centres = torch.stack([group.mean() for group in usable])
        spreads = torch.stack([group.std().clamp(min=_LEAST_SPREAD) for group in usable])
        centre, spread = centres.mean().repeat(num_datasets), spreads.log().mean().exp().repeat(num_datasets)
        for k, group in own.items():
            centre[k] = group.mean() if informative[k] else group.median()
            spread[k] = group.std().clamp(min=_LEAST_SPREAD)
        doubt = float(centres.std()) if len(centres) > 1 else float(spreads[0])
        return cls(centre, spread, True, doubt)

    def latent(self, values: Tensor, datasets: Tensor) -> Tensor:
        """Return ``values`` in standard units."""
        return (values - self.centre[datasets]) / self.spread[datasets]

    def values(self, latent: Tensor, datasets: Tensor) -> Tensor:
        """Return ``latent`` as accuracies."""
        return latent * self.spread[datasets] + self.centre[datasets]
