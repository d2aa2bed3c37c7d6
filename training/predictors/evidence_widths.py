"""Half-widths of intervals: quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

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
    errors, situations = torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.long)
    errors = torch.cat([errors, *(part.errors for part in own)])
    situations = torch.cat([situations, *(torch.full_like(part.dataset, part.situation) for part in own)])
    widths = calibrate(errors, situations)
    for situation in (FEW_RECORDS, NEW_DATASET):
        every = [(code, part) for code, parts in left_out.items() for part in parts if part.situation == situation]
        if every:
            # A family under a protocol is a unit of its own: its level there is.
            units = torch.cat([len(Protocol) * part.family + code for code, part in every])
            errors = torch.cat([part.errors for _, part in every])
            widths[situation] = max(widths[situation], grouped_quantile(errors, units))
    return no_narrower(widths)
