"""How many samples of each class a protocol trains on: what an answer under it is an answer for."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Records
from zoograph.models.training_records import count, total

_SAME = 1e-6


def usual_samples(records: Records, per_class: Tensor) -> Tensor:
    """Return (D, P) logarithms of the samples a class that a question about each dataset and protocol is meant for.

    As many as the dataset's own records under the protocol were trained on. Where it has none, all that it has; but
    where most records of a protocol were trained on fewer than all, as probes with 16 samples a class, no more than is
    usual there. An accuracy with few samples says little of one with all of them unless the two are told apart.

    Args:
        records: everything that was measured; their accuracies are not read.
        per_class: (D,) of each dataset as a whole.
    """
    cells, size = records.cells, len(per_class) * NUM_PROTOCOLS
    result = per_class[:, None].repeat(1, NUM_PROTOCOLS)
    few = (cells.per_class - per_class[cells.dataset]) < -_SAME
    for protocol in range(NUM_PROTOCOLS):
        own = cells.protocol == protocol
        if own.any() and few[own].double().mean() > 0.5:
            result[:, protocol] = result[:, protocol].clamp(max=cells.per_class[own & few].median())
    key = cells.circumstance
    number = count(key, size)
    mean = (total(cells.per_class, key, size) / number.clamp(min=1)).reshape(result.shape)
    return torch.where(number.reshape(result.shape) > 0, mean, result)
