"""Half-widths of intervals: quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.models.conformal import FEW_RECORDS, NEW_DATASET, calibrate, grouped_quantile, no_narrower
from zoograph.training.predictors.left_out import LeftOut


def calibrated_widths(left_out: Mapping[int, Sequence[LeftOut]], protocol: int) -> list[float]:
    """Return the half-width of each situation of :mod:`zoograph.models.conformal`, in standard deviations of the logit.

    Of new datasets, and of those with few records, intervals are as wide as those of all protocols ask for, if that is
    more: under the asked one there may be a single family.

    Args:
        left_out: by protocol.
        protocol: that is asked for.
    """
    own = left_out[protocol]
    situations = [torch.full_like(part.dataset, part.situation) for part in own]
    none = torch.zeros(0, dtype=torch.long)
    widths = calibrate(_errors(own), torch.cat([none, *situations]))
    for situation in (FEW_RECORDS, NEW_DATASET):
        every = [(code, part) for code, parts in left_out.items() for part in parts if part.situation == situation]
        if every:
            # A family under a protocol is a unit of its own: its level there is.
            units = torch.cat([len(Protocol) * part.family + code for code, part in every])
            widths[situation] = max(widths[situation], grouped_quantile(_errors([part for _, part in every]), units))
    return no_narrower(widths)


def _errors(parts: Sequence[LeftOut]) -> Tensor:
    """Return (n,) absolute errors in standard deviations of one run."""
    none = torch.zeros(0, dtype=torch.float64)
    spread = [(part.covariance.diagonal() + part.noise).sqrt() for part in parts]
    return torch.cat([none, *((part.logit - part.mean).abs() / sd for part, sd in zip(parts, spread, strict=True))])
