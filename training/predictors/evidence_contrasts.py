"""How far models may lie apart from what is expected: as far as makes the stated regret the one that is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.models.conformal import KNOWN, NEW_DATASET
from zoograph.models.evidence.accuracy_logit import to_accuracy
from zoograph.training.predictors.joint import draw_normal
from zoograph.training.predictors.left_out import LeftOut

_FACTORS = torch.linspace(0.2, 1.0, 9, dtype=torch.float64)  # models do not lie farther apart than the process says
_LEAST_MODELS = 4  # that a ranking is of
_LEAST_UNITS = 8  # that a factor is learned from
_NUM_DRAWS = 400


class _Rankings(NamedTuple):
    """Regrets of n rankings.

    Attributes:
        stated: (n, F) with each of the factors.
        measured: (n,).
        unit: (n,) what is drawn whole: a family of datasets under a protocol.
    """

    stated: Tensor
    measured: Tensor
    unit: Tensor


def scaled_contrasts(covariance: Tensor, factor: Tensor) -> Tensor:
    """Return the covariance (k, k) of k logits whose deviations from their mean are scaled by ``factor`` (k,)."""
    rest = 1 - factor
    row, whole = covariance.mean(1), covariance.mean()
    mixed = factor[:, None] * rest[None] * row[:, None]
    return torch.outer(factor, factor) * covariance + mixed + mixed.t() + torch.outer(rest, rest) * whole


def calibrated_contrasts(left_out: Mapping[int, Sequence[LeftOut]]) -> list[float]:
    """Return the factors of contrasts between models, of pairs both known and of those with a side that is new.

    With them, the mean regret of the model that is expected to be best is as it was measured on records that were left
    out: of known pairs a quarter at a time, of new datasets by family, under every protocol. One protocol has too few
    rankings of known pairs to learn from: regrets are few and far apart, and where they are all noise, no factor
    changes them. Families count alike. Where there are too few, a factor is 1, and it is never more. Known pairs do
    not have a smaller one than new ones. A model that was measured nowhere is as unknown on a known dataset as on a
    new one.

    Args:
        left_out: by protocol.
    """
    ways = (KNOWN, NEW_DATASET)
    known, new = (
        [_rankings(part, code) for code, parts in left_out.items() for part in parts if part.situation == way]
        for way in ways
    )
    of_new = _factor(new)
    return [max(_factor(known), of_new), of_new]


def _rankings(part: LeftOut, protocol: int) -> _Rankings:
    """Return the rankings of one block, of each dataset one."""
    stated, measured, unit = [torch.zeros(0, len(_FACTORS)).double()], [], []
    for dataset in torch.unique(part.dataset):
        rows = (part.dataset == dataset).nonzero().flatten()
        if len(rows) < _LEAST_MODELS:
            continue
        mean, chance, noise = part.mean[rows], part.chance[rows], part.noise[rows]
        pick = int(mean.argmax())
        found = to_accuracy(part.logit[rows], chance)
        about = draw_normal(torch.zeros_like(mean), part.covariance[rows][:, rows], _NUM_DRAWS)
        common, runs = about.mean(1, keepdim=True), draw_normal(torch.zeros_like(mean), noise.diag(), _NUM_DRAWS, 1)
        drawn = mean + common + _FACTORS[:, None, None] * (about - common) + runs
        accuracy = to_accuracy(drawn, chance)
        stated.append((accuracy.amax(2) - accuracy[:, :, pick]).mean(1)[None])
        measured.append(found.max() - found[pick])
        unit.append(int(part.family[rows[0]]) * len(Protocol) + protocol)
    return _Rankings(torch.cat(stated), torch.tensor(measured).double(), torch.tensor(unit, dtype=torch.long))


def _factor(parts: Sequence[_Rankings]) -> float:
    """Return the factor with which stated regrets are the measured ones, in the mean over units."""
    if not parts:
        return 1.0
    stated, measured, unit = (torch.cat(column) for column in zip(*parts, strict=True))
    units, place, size = torch.unique(unit, return_inverse=True, return_counts=True)
    if len(units) < _LEAST_UNITS:
        return 1.0
    weight = 1 / size[place].double() / len(units)
    above = weight @ stated - weight @ measured
    if above[0] >= 0 or above[-1] <= 0:
        return float(_FACTORS[0 if above[0] >= 0 else -1])
    after = int((above > 0).nonzero()[0, 0])
    share = -above[after - 1] / (above[after] - above[after - 1])
    return float(torch.lerp(_FACTORS[after - 1], _FACTORS[after], share))
