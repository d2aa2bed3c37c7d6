"""Rankers by one signal: a number of a model's card, one transferability score, or chance."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, MODEL_NUMBERS, SCORED_ON
from zoograph.models.intervals import Widths, around, without_own
from zoograph.models.method import Method, Prediction
from zoograph.models.pair_features import measured_scores
from zoograph.models.training_records import TrainingRecords, count, look_up, total

LEAST_SLOPE = 0.01


class Ranker(Method):
    r"""Orders models by a signal, higher first, and maps it to accuracy by a rising line.

    .. math:: \hat a_{md} = \bar a_d + b\,(x_{md} - \bar x_d)

    with the means over the dataset's records, over all records for a dataset without one. The slope
    :math:`b` is that of least squares within datasets, but never below 0.01 per standard deviation of the
    signal: who claims that more is better is judged by that order, not by a sign learned from records. A pair
    whose signal is not known gets :math:`\bar a_d`; where no record has a signal, its unit is that of the pairs
    in question. Intervals hold 90 % of the errors on left-out records, and of left-out datasets where the dataset has
    no record, for the fitted slope.
    """

    @abstractmethod
    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n,) the signal of each pair, and (n,) bool where it is known."""

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        self._graph = graph
        signal, known = self._signal(graph, torch.stack([records.model, records.dataset]))
        self._unit = _unit(signal, known)
        x = _scaled(signal, known, self._unit)

        size = len(records.dataset_ids)
        number = count(records.dataset, size)
        self._mean = records.value.mean()
        sums = [total(part, records.dataset, size) for part in (records.value, x)]
        self._level, self._middle = (part / number.clamp(min=1) for part in sums)
        self._slope = rising_slope(
            (x - self._middle[records.dataset]) * known, records.value - self._level[records.dataset]
        )

        rest = (number[records.dataset] - 1).clamp(min=1)
        alone = number[records.dataset] == 1
        level, middle = (
            (part[records.dataset] - own) / rest for part, own in zip(sums, (records.value, x), strict=True)
        )
        level, middle = torch.where(alone, self._mean, level), torch.where(alone, 0.0, middle)
        errors = records.value - level - self._slope * (x - middle) * known
        new = records.value - self._mean - self._slope * x * known
        self._widths = Widths.of(errors if len(records) > 1 else errors[:0], without_own(new, int((number > 0).sum())))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        signal, known = self._signal(self._graph if graph is None else graph, pairs)
        places = self._records.datasets_of(graph, pairs[1])
        seen = self._records.seen(graph, pairs[1])
        level = torch.where(seen, look_up(self._level, places, 0.0), self._mean)
        middle = torch.where(seen, look_up(self._middle, places, 0.0), 0.0)
        mean = level + self._slope * (_scaled(signal, known, self._unit or _unit(signal, known)) - middle) * known
        return around(mean, self._widths.at(seen))


class _Unit(NamedTuple):
    """Where a signal has its zero, and how much of it is one."""

    centre: Tensor
    spread: Tensor


def _unit(signal: Tensor, known: Tensor) -> _Unit | None:
    """Return the mean and standard deviation of the known signals; None if there are none."""
    if not known.any():
        return None
    spread = signal[known].std(correction=0)
    return _Unit(signal[known].mean(), spread if spread > 1e-6 else torch.ones_like(spread))


def _scaled(signal: Tensor, known: Tensor, unit: _Unit | None) -> Tensor:
    """Return (n,) float64 signals in their unit, 0 where not known."""
    return torch.where(known, (signal - unit.centre) / unit.spread, 0.0).double() if unit else signal.double() * 0


class NumberRanker(Ranker):
    """Orders models by one number of their cards.

    Args:
        number: one of ``MODEL_NUMBERS``; sizes enter as logarithms.
    """

    def __init__(self, number: str) -> None:
        if number not in MODEL_NUMBERS:
            raise ValueError(f"'number' must be one of {', '.join(MODEL_NUMBERS)} (got '{number}').")
        self.number = number

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        column, store = MODEL_NUMBERS.index(self.number), graph[MODEL]
        return store.x_number[pairs[0], column], store.x_number_mask[pairs[0], column]


class RandomRanker(Ranker):
    """Orders models at random: by a hash of the two names, the same in every process."""

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        models, datasets = graph[MODEL].ids, graph[DATASET].ids
        drawn = [zlib.crc32(f"{datasets[d]}\0{models[m]}".encode()) / 2**32 for m, d in pairs.t().tolist()]
        return torch.tensor(drawn), torch.ones(len(drawn), dtype=torch.bool)


class ScoreAlone(Ranker):
    """Orders the models of a dataset by one measured score, standardised in the dataset, higher first.

    A pair without the score, and every pair of a zoo that never measured it, gets its dataset's mean.

    Args:
        name: of the score, such as ``logme``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _signal(self, graph: HeteroData, pairs: Tensor) -> tuple[Tensor, Tensor]:
        names = graph[SCORED_ON].names
        if self.name not in names:
            return torch.zeros(pairs.shape[1]), torch.zeros(pairs.shape[1], dtype=torch.bool)
        column = names.index(self.name)
        values, known = measured_scores(graph, pairs)
        return values[:, column], known[:, column]


def rising_slope(x: Tensor, y: Tensor) -> float:
    """Return the least-squares slope of centred (n,) ``y`` on centred ``x``, at least ``LEAST_SLOPE``."""
    power = float(x.square().sum())
    return max(float(x @ y) / power, LEAST_SLOPE) if power > 0 else LEAST_SLOPE
