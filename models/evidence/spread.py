"""Spread of models on a dataset under a protocol, in logits: what the unit of their skills is."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Records
from zoograph.models.training_records import count, total

_TYPICAL = 0.8  # logits, where nothing was measured under a protocol
_LEAST_RECORDS = 4
_TRUST = 8.0  # a dataset's own spread counts as much as the protocol's with so many records
_BOUNDS = (0.05, 3.0)


def spreads(records: Records, num_datasets: int) -> Tensor:
    """Return (D, P) the spread of each dataset and protocol; where little was measured, that of the protocol."""
    size = num_datasets * NUM_PROTOCOLS
    key = records.cells.dataset * NUM_PROTOCOLS + records.cells.protocol
    number = count(key, size)
    mean, noise = total(records.logit, key, size) / number, total(records.variance, key, size) / number
    square = total((records.logit - mean[key]).square(), key, size)
    variance = (square / (number - 1).clamp(min=1) - noise).clamp(min=_BOUNDS[0] ** 2)
    own, trust = 0.5 * variance.log().reshape(num_datasets, -1), number.reshape(num_datasets, -1)
    told = trust >= _LEAST_RECORDS
    weight = torch.where(told, trust.sqrt(), 0.0)
    typical = torch.where(told, own * weight, 0.0).sum(0) / weight.sum(0).clamp(min=1e-9)
    anywhere = torch.where(told.any(), (typical * weight.sum(0)).sum() / weight.sum().clamp(min=1e-9), _log(_TYPICAL))
    typical = torch.where(told.any(0), typical, anywhere)
    trust = torch.where(told, trust, 0.0)
    mixed = (trust * torch.where(told, own, 0.0) + _TRUST * typical) / (trust + _TRUST)
    return mixed.exp().clamp(*_BOUNDS)


def _log(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64).log()
