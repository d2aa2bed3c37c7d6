"""Which records a question is answered from, whatever their number: near ones all, of far ones a few and means."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells, Records
from zoograph.models.training_records import count, total

MOST_SINGLE = 1_800
"""Records that are taken one by one."""
MOST_MEANS = 2_000
_FOR_LEVELS = 900  # of them at most, which are of far datasets
_OF_EACH = 3  # far dataset and protocol: enough to tell its level
_LEAST_MODELS = 4  # of a dataset whose records are averaged with those of others
_MOST_GROUPS = 6
_ASKED, _SAME_PROTOCOL = 10.0, 0.2  # nearer by so much are datasets, and a protocol, that are asked for
_DIGITS = 9  # of nearness, so that what is equally near is not in an order that rounding makes


class Relevant(NamedTuple):
    """Records, and means of records, that a question is answered from.

    Attributes:
        records: one by one; ``edge`` as in the graph.
        means: mean skills in units of spreads, on groups of datasets; their ``dataset`` is D plus the group's number.
        weights: (G, D) how the groups are made up.
    """

    records: Records
    means: Records
    weights: Tensor


def choose_relevant(
    records: Records,
    near: Tensor,
    asked: Tensor,
    spread: Tensor,
    protocol: int,
    most: int = MOST_SINGLE,
    most_means: int = MOST_MEANS,
) -> Relevant:
    """Return what a question about some datasets under a protocol is answered from.

    Datasets and protocols are taken in the order of their nearness. Of the nearest there is every record; of farther
    ones a few, which tell how high accuracies on them are, and means over groups of them, which tell of models. Each
    group is twice as large as the one before. Of what is equally near, the first comes first.

    Args:
        records: everything that was measured.
        near: (D,) how near each dataset is to those asked for, higher is nearer.
        asked: (D,) bool, those asked for.
        spread: (D, P) of models on datasets.
        protocol: that is asked for.
        most: records one by one.
        most_means: means of records.
    """
    num_datasets = len(near)
    if len(records) <= most:
        return Relevant(records, records.at(torch.zeros(0, dtype=torch.long)), near.new_zeros(0, num_datasets))
    key = records.cells.circumstance
    number = torch.bincount(key, minlength=num_datasets * NUM_PROTOCOLS)
    same = (torch.arange(NUM_PROTOCOLS) == protocol).double() * _SAME_PROTOCOL
    nearness = ((near + _ASKED * asked)[:, None] + same[None]).flatten().round(decimals=_DIGITS)
    order = torch.argsort(-nearness, stable=True)
    order = order[number[order] > 0]
    for_levels = min(_FOR_LEVELS, most // 2, _OF_EACH * len(order))
    room = torch.where(asked[order // NUM_PROTOCOLS], most, most - for_levels)
    whole = _fitting(number[order], room)
    rest = order[~whole]
    single = _marked(order[whole], len(number))[key]
    single |= _some_of_each(records, key, number, rest, most - int(single.sum()))
    one_by_one = records.at(single.nonzero().flatten()[: 2 * most])
    rest = rest[number[rest] >= _LEAST_MODELS]
    # Means are counted before they are worked out, since there may be millions of records.
    groups = ((n, _group_keys(rest, len(number), n)) for n in range(_MOST_GROUPS, 0, -1))
    num_groups, group_of = next(
        (n, group_of) for n, group_of in groups if n == 1 or _count_means(records, key, group_of, n) <= most_means
    )
    means, weights = _average(records, key, rest, spread, num_groups, group_of)
    # Where even one group has too many, those of models that little is known of say least.
    surest = torch.argsort(means.variance, stable=True)[:most_means].sort().values
    return Relevant(one_by_one, means.at(surest), weights)


def _fitting(number: Tensor, room: Tensor) -> Tensor:
    """Return (n,) bool: which of ``number`` records at a place are taken whole, in order, while ``room`` (n,) lasts.

    The first always is. One that does not fit is passed over, or a single large table would shut out all behind it.
    """
    taken, result = 0, torch.zeros(len(number), dtype=torch.bool)
    for place, (size, most) in enumerate(zip(number.tolist(), room.tolist(), strict=True)):
        if place == 0 or taken + size <= most:
            result[place] = True
            taken += size
    return result


def _some_of_each(records: Records, key: Tensor, number: Tensor, rest: Tensor, most: int) -> Tensor:
    """Return (n,) bool: a few records of each of the keys in ``rest``, nearest first, ``most`` in all.

    They are of the models that most is known of, whose skill is least in doubt.
    """
    few = _marked(rest[number[rest].clamp(max=_OF_EACH).cumsum(0) <= most], len(number))
    rows = few[key].nonzero().flatten()
    own = key[rows]
    order = torch.argsort(-torch.bincount(records.cells.model)[records.cells.model[rows]], stable=True)
    order = order[torch.argsort(own[order], stable=True)]
    place = torch.empty_like(order).index_copy_(0, order, torch.arange(len(order)))
    number = torch.where(few, number, 0)
    result = torch.zeros_like(key, dtype=torch.bool)
    result[rows[place - (number.cumsum(0) - number)[own] < _OF_EACH]] = True
    return result


def _marked(keys: Tensor, num_keys: int) -> Tensor:
    """Return (num_keys,) bool: those in ``keys``."""
    return torch.zeros(num_keys, dtype=torch.bool).index_fill_(0, keys, True)


def _group_keys(rest: Tensor, num_keys: int, num_groups: int) -> Tensor:
    """Return (num_keys,) the group of each of the keys in ``rest``; -1 for the others."""
    share = torch.tensor([2.0**k for k in range(num_groups)]).cumsum(0)
    group_of = torch.full((num_keys,), -1, dtype=torch.long)
    places = (torch.arange(len(rest)) + 0.5) / max(1, len(rest)) * share[-1]
    group_of[rest] = torch.searchsorted(share, places).clamp(max=num_groups - 1)
    return group_of


def _count_means(records: Records, key: Tensor, group_of: Tensor, num_groups: int) -> int:
    """Return how many means :func:`_average` makes."""
    group = group_of[key]
    return int(torch.bincount(_name_means(records.cells, group, num_groups)[group >= 0]).count_nonzero())


def _name_means(cells: Cells, group: Tensor, num_groups: int) -> Tensor:
    """Return (n,) a number for the mean that each cell is part of: of its model, its group and its protocol."""
    return (cells.model * num_groups + group) * NUM_PROTOCOLS + cells.protocol


def _average(
    records: Records, key: Tensor, rest: Tensor, spread: Tensor, num_groups: int, group_of: Tensor
) -> tuple[Records, Tensor]:
    """Return the mean skill of each model, protocol and group of the keys in ``rest``, and the groups."""
    num_keys = spread.numel()
    chosen = group_of[key] >= 0
    key, taken = key[chosen], records.at(chosen)
    centre = total(taken.logit, key, num_keys) / count(key, num_keys).clamp(min=1)
    unit = spread.flatten()[key]
    skill, noise = ((taken.logit - centre[key]) / unit).clamp(-3, 3), taken.variance / unit.square()
    names, place = torch.unique(_name_means(taken.cells, group_of[key], num_groups), return_inverse=True)
    size = count(place, len(names))

    def mean(values: Tensor) -> Tensor:
        return total(values, place, len(names)) / size

    weights = torch.zeros(num_groups, spread.shape[0]).double()
    weights.index_put_((group_of[rest], rest // NUM_PROTOCOLS), torch.ones(len(rest)).double(), accumulate=True)
    weights = weights / weights.sum(1, keepdim=True).clamp(min=1)
    groups = spread.shape[0] + (names // NUM_PROTOCOLS) % num_groups
    cells = Cells(names // (NUM_PROTOCOLS * num_groups), groups, names % NUM_PROTOCOLS, mean(taken.cells.per_class))
    return Records(cells, mean(skill), (mean(noise) + 0.1) / size, torch.full_like(names, -1)), weights
