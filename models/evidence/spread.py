"""Spread of models on a dataset under a protocol, in logits: what the unit of their skills is."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Records
from zoograph.models.training_records import count, total

_TYPICAL = 0.8  # logits, where nothing was measured
_LEAST_RECORDS = 4
_TRUST = 8.0  # a dataset's own spread counts as much as what is expected of it with so many records
_DOUBT = 2.0  # records that must say how much a dataset spreads, before it is believed by half
_BOUNDS = (0.05, 3.0)
_ROUNDS = 20


class Measured(NamedTuple):
    """What was measured of each dataset and protocol.

    Attributes:
        number: (D P,) of records.
        variance: (D P,) of their logits, less what test sets leave; where there are none, the least.
    """

    number: Tensor
    variance: Tensor

    @classmethod
    def of(cls, records: Records, num_datasets: int) -> Measured:
        """Return what ``records`` say."""
        size, key = num_datasets * NUM_PROTOCOLS, records.cells.circumstance
        number = count(key, size)
        mean, noise = total(records.logit, key, size) / number, total(records.variance, key, size) / number
        square = total((records.logit - mean[key]).square(), key, size)
        return cls(number, (square / (number - 1).clamp(min=1) - noise).clamp(min=_BOUNDS[0] ** 2))

    def with_few(self, datasets: Tensor, few: Records) -> Measured:
        """Return this as if of ``datasets`` (D,) bool nothing had been measured but ``few``, under one protocol."""
        hidden = datasets.repeat_interleave(NUM_PROTOCOLS)
        place = few.cells.circumstance[:1]
        own = Measured.of(few, len(datasets))
        number = torch.where(hidden, 0.0, self.number).index_copy(0, place, own.number[place])
        return Measured(number, self.variance.index_copy(0, place, own.variance[place]))


def spreads(records: Records, num_datasets: int) -> Tensor:
    """Return (D, P) the spread of each dataset and protocol, see :func:`spreads_of`."""
    return spreads_of(Measured.of(records, num_datasets))


def spreads_of(measured: Measured) -> Tensor:
    """Return (D, P) the spread of each dataset and protocol.

    Where little was measured, it is what is expected: the dataset's own level times the protocol's, so that models
    whose probes differ much on a dataset are expected to differ much there with heads as well.
    """
    own, trust = 0.5 * measured.variance.log().reshape(-1, NUM_PROTOCOLS), measured.number.reshape(-1, NUM_PROTOCOLS)
    trust = torch.where(trust >= _LEAST_RECORDS, trust, 0.0)
    own = torch.where(trust > 0, own, 0.0)
    expected = _expected(own, trust)
    return ((trust * own + _TRUST * expected) / (trust + _TRUST)).exp().clamp(*_BOUNDS)


def _expected(own: Tensor, trust: Tensor) -> Tensor:
    """Return (D, P) log spreads by dataset and protocol, each an effect that is drawn towards 0 where little is known.

    Args:
        own: (D, P) measured log spreads.
        trust: (D, P) records that each rests on; 0 for none.
    """
    weight = trust.sqrt()
    if not weight.any():
        return torch.full_like(own, math.log(_TYPICAL))
    middle = (weight * own).sum() / weight.sum()
    left = torch.where(trust > 0, own - middle, 0.0)
    of_dataset, of_protocol = own.new_zeros(len(own), 1), own.new_zeros(1, own.shape[1])
    for _ in range(_ROUNDS):
        of_protocol = (weight * (left - of_dataset)).sum(0, keepdim=True) / (weight.sum(0, keepdim=True) + _TRUST)
        of_dataset = (trust * (left - of_protocol)).sum(1, keepdim=True) / (trust.sum(1, keepdim=True) + _DOUBT)
    return middle + of_dataset + of_protocol
