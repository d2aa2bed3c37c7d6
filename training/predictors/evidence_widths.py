"""Half-widths of intervals: quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zoograph.models.conformal import SITUATIONS, calibrate, grouped_quantile
from zoograph.training.predictors.evidence_left_out import NEW_DATASET, LeftOut

_BOTH_NEW = SITUATIONS.index("both new")


def calibrated_widths(left_out: Mapping[int, Sequence[LeftOut]], protocol: int) -> list[float]:
    """Return the half-width of each situation of :mod:`zoograph.models.conformal`, in standard deviations of the logit.

    Of new datasets, intervals are as wide as those of all protocols ask for, if that is more: under the asked one
    there may be a single family.

    Args:
        left_out: by protocol.
        protocol: that is asked for.
    """
    own = left_out[protocol]
    situations = [torch.full_like(part.dataset, part.situation) for part in own]
    none = torch.zeros(0, dtype=torch.long)
    widths = calibrate(_errors(own), torch.cat([none, *situations]))
    new = {code: [part for part in parts if part.situation == NEW_DATASET] for code, parts in left_out.items()}
    # A family under a protocol is a unit of its own: its level there is.
    units = [len(new) * part.family + place for place, parts in enumerate(new.values()) for part in parts]
    if units:
        errors = _errors([part for parts in new.values() for part in parts])
        widths[NEW_DATASET] = max(widths[NEW_DATASET], grouped_quantile(errors, torch.cat(units)))
    widths[_BOTH_NEW] = max(widths)
    return widths


def _errors(parts: Sequence[LeftOut]) -> Tensor:
    """Return (n,) absolute errors in standard deviations of one run."""
    none = torch.zeros(0, dtype=torch.float64)
    spread = [(part.covariance.diagonal() + part.noise).sqrt() for part in parts]
    return torch.cat([none, *((part.logit - part.mean).abs() / sd for part, sd in zip(parts, spread, strict=True))])
