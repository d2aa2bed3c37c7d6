"""Runs of one model in one batch that lie together where chance does not put them."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from zoograph.models.method import Prediction

# Fewer runs of a model, or a model that is known from fewer records, may all be off for a reason of their own.
MIN_RUNS = 5
MIN_KNOWN = 8
# On DomainNet's and TransferGraph's own runs nothing reaches this: see `python -m zoograph.scripts.poison_rates`.
_LEAST, _ROOT = 0.75, 3.5
# One wild run is not to speak for a batch, nor a dataset on which all models do the same.
_CAP, _NARROWEST = 3.0, 0.01


class Offset(NamedTuple):
    """One model's runs in one batch.

    Attributes:
        batch: its id.
        model: its id.
        num_runs: of the model in the batch.
        mean: of their residuals, in half-widths of 90 % intervals; positive where they are better than expected.
    """

    batch: str
    model: str
    num_runs: int
    mean: float


def half_width_residuals(answer: Prediction, value: Tensor) -> Tensor:
    """Return (n,) measured less predicted, in units of half a 90 % interval, capped at 3 either way.

    Intervals come clipped to [0, 1]; the wider side counts.
    """
    half = torch.maximum(answer.upper - answer.mean, answer.mean - answer.lower).clamp(min=_NARROWEST)
    return ((value - answer.mean) / half).clamp(-_CAP, _CAP)


def well_known(edge_index: Tensor, pairs: Tensor) -> Tensor:
    """Return (n,) whether the model of each (2, n) pair has eight of the (2, E) records, and its dataset one.

    >>> edges = torch.tensor([[0] * 8 + [1] * 7, [*range(8), *range(7)]])
    >>> well_known(edges, torch.tensor([[0, 0, 1], [7, 8, 0]])).tolist()
    [True, False, False]
    """
    times = [
        torch.bincount(edges, minlength=int(own.max()) + 1)[own] for edges, own in zip(edge_index, pairs, strict=True)
    ]
    return (times[0] >= MIN_KNOWN) & (times[1] > 0)


def least_offset(num_runs: int) -> float:
    r"""Return the mean residual, in half-widths, from which on ``num_runs`` runs of one model are not chance.

    .. math:: \max(0.75,\; 3.5 / \sqrt n)

    The errors of a model's runs are partly its own and partly shared, so that the mean of many is not near zero
    either: hence the floor.
    """
    return max(_LEAST, _ROOT / math.sqrt(num_runs))


def find_offsets(runs: pd.DataFrame) -> list[Offset]:
    """Return the models whose runs in a batch are all too far off, the farthest first.

    Args:
        runs: one row a run, with ``batch``, ``model`` and ``residual``; of models that are well known alone.
    """
    found = [
        Offset(str(batch), str(model), len(own), float(own.mean()))
        for (batch, model), own in runs.groupby(["batch", "model"])["residual"]
        if len(own) >= MIN_RUNS and abs(own.mean()) > least_offset(len(own))
    ]
    return sorted(found, key=lambda offset: -abs(offset.mean))
