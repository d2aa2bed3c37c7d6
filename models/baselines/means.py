"""Baselines of records alone: mean of a model, standardised mean, and the additive two-way model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from zoograph.models.baselines.dataset_scale import DatasetScale
from zoograph.models.baselines.least_squares import fit_ridge
from zoograph.models.conformal import half_width
from zoograph.models.intervals import Widths, around, without_own
from zoograph.models.method import Method, Prediction
from zoograph.models.training_records import TrainingRecords, count, look_up, total

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class ModelMean(Method):
    """The mean accuracy of the model over its records; the mean of all records for a model without one.

    It says the same of every dataset. Intervals hold 90 % of the leave-one-out errors.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        size = len(records.model_ids)
        number, summed = count(records.model, size), total(records.value, records.model, size)
        self._mean = records.value.mean()
        self._means = torch.where(number > 0, summed / number.clamp(min=1), self._mean)
        others = _without(summed, number, records.value, records.model)
        rest = (records.value.sum() - records.value) / max(len(records) - 1, 1)
        alone = number[records.model] == 1
        self._width = half_width(_scored(records.value - torch.where(alone, rest, others), len(records) > 1))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        places = self._records.models_of(graph, pairs[0])
        return around(look_up(self._means, places, self._mean), self._width)


class StandardizedModelMean(Method):
    r"""The mean of the model's standardised accuracies, brought to the level and spread of the dataset.

    .. math:: \hat a_{md} = \mu_d
        + \sigma_d\, \frac{1}{|R_m|} \sum_{d' \in R_m} (a_{md'} - \mu_{d'}) / \sigma_{d'}

    with the levels and spreads of :class:`DatasetScale`. A model without a record stands at 0, the level of
    the dataset; a dataset without one takes the mean level and the pooled spread. Intervals hold 90 % of
    the errors on left-out records, and of left-out datasets where the dataset has no record.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        scale = self._scale = DatasetScale.fitted(records)
        score = scale.standardised(records)
        size = len(records.model_ids)
        number, summed = count(records.model, size), total(score, records.model, size)
        self._scores = summed / number.clamp(min=1)
        # Without (m, d) the level of d moves; the other records of m lie on other datasets and stay.
        others = _without(summed, number, score, records.model)
        level = _levels_without(records, scale.mean_level)
        errors = records.value - level - others * scale.spread[records.dataset]
        new = records.value - scale.mean_level - others * scale.mean_spread
        self._widths = Widths.of(
            _scored(errors, len(records) > 1), without_own(new, len(torch.unique(records.dataset)))
        )
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        models = self._records.models_of(graph, pairs[0])
        datasets = self._records.datasets_of(graph, pairs[1])
        mean = self._scale.restored(look_up(self._scores, models, 0.0), datasets)
        return around(mean, self._widths.at(self._records.seen(graph, pairs[1])))


class Additive(Method):
    r"""A model effect plus a dataset effect, by least squares with shrinkage.

    .. math:: \hat a_{md} = \mu + \alpha_m + \beta_d, \quad
        \min \sum (a_{md} - \hat a_{md})^2 + \lambda (\|\alpha\|^2 + \|\beta\|^2)

    :math:`\lambda` is the one with the least leave-one-out error. What has no record has effect 0. Intervals
    hold 90 % of the errors on left-out records, and of left-out datasets where the dataset has no record.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        num_models, num_datasets = len(records.model_ids), len(records.dataset_ids)
        models, model_column = torch.unique(records.model, return_inverse=True)
        datasets, dataset_column = torch.unique(records.dataset, return_inverse=True)
        rows = torch.zeros(len(records), len(models) + len(datasets), dtype=torch.float64)
        row = torch.arange(len(records))
        rows[row, model_column] = 1.0
        rows[row, len(models) + dataset_column] = 1.0
        ridge = fit_ridge(rows, records.value, torch.ones_like(records.value), _PENALTIES)
        # Moved to the mean effect of the nodes that have records, so that 0 is what a newcomer expects.
        own, theirs = ridge.weight[: len(models)], ridge.weight[len(models) :]
        self._mean = float(ridge.bias + own.mean() + theirs.mean())
        self._models = torch.zeros(num_models, dtype=torch.float64).index_copy_(0, models, own - own.mean())
        self._datasets = torch.zeros(num_datasets, dtype=torch.float64).index_copy_(0, datasets, theirs - theirs.mean())
        new = records.value - self._mean - self._models[records.model]
        self._widths = Widths.of(_scored(ridge.errors, len(records) > 1), without_own(new, len(datasets)))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        model = look_up(self._models, self._records.models_of(graph, pairs[0]), 0.0)
        places = self._records.datasets_of(graph, pairs[1])
        mean = self._mean + model + look_up(self._datasets, places, 0.0)
        return around(mean, self._widths.at(self._records.seen(graph, pairs[1])))


def _without(summed: Tensor, number: Tensor, values: Tensor, groups: Tensor) -> Tensor:
    """Return (n,) the mean of each value's group without that value; 0 where nothing is left."""
    return (summed[groups] - values) / (number[groups] - 1).clamp(min=1)


def _levels_without(records: TrainingRecords, fallback: float) -> Tensor:
    """Return (n,) the mean of each record's dataset without it, ``fallback`` where nothing is left."""
    size = len(records.dataset_ids)
    number, summed = count(records.dataset, size), total(records.value, records.dataset, size)
    others = _without(summed, number, records.value, records.dataset)
    return torch.where(number[records.dataset] > 1, others, fallback)


def _scored(errors: Tensor, any_left: bool) -> Tensor:
    """Return the errors, none if leaving one out left nothing to predict from."""
    return errors if any_left else errors[:0]
