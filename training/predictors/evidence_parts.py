"""Parts of the datasets that are answered together, from one choice of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.models.evidence.posterior import Prior
from zoograph.models.evidence.relevant import MOST_SINGLE

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_DATASETS_AT_ONCE = 48
_SHARE_OF_OWN = 0.8  # of the records one by one


def asked_with(parts: Tensor, datasets: Tensor) -> Tensor:
    """Return the datasets of the ``parts`` (D,) that ``datasets`` (n,) are of.

    Records are chosen by their nearness to all of these: so an answer is the same, whatever else is asked.
    """
    return torch.isin(parts, parts[datasets].unique()).nonzero().flatten()


def parts_of(prior: Prior, graph: HeteroData) -> Tensor:
    """Return (D,) the part of each dataset of a graph, by its records under any protocol, see :func:`divide`."""
    group = graph[DATASET].group
    return divide(group, torch.bincount(prior.records.cells.dataset, minlength=len(group)))


def divide(group: Tensor, counts: Tensor) -> Tensor:
    """Return (D,) the part of each dataset: families that are answered together, from one choice of records.

    Parts are of as many families as have records that can be read one by one, so that a table of all pairs takes few
    factors. A family without records is a part of its own, which lets it choose what is nearest to it; one with more
    than can be read is in several.

    Args:
        group: (D,) families.
        counts: (D,) records of each dataset.
    """
    order = torch.argsort(group, stable=True)
    most, number, room, free = int(_SHARE_OF_OWN * MOST_SINGLE), -1, 0, 0
    part = torch.empty_like(order)
    for family in torch.split(order, torch.unique_consecutive(group[order], return_counts=True)[1].tolist()):
        own = int(counts[family].sum())
        if not own or own > room or len(family) > free:
            number, room, free = number + 1, most, _DATASETS_AT_ONCE
        inside = ((counts[family].cumsum(0) - counts[family]) / most).long()
        inside = torch.maximum(inside, torch.arange(len(family)) // _DATASETS_AT_ONCE)
        part[family] = number + inside
        number += int(inside[-1])
        room, free = (room - own, free - len(family)) if own and number == int(part[family[0]]) else (0, 0)
    return part
