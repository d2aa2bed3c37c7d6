"""Gradient boosting and extra trees on metadata, scores and mean accuracies of other records."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import torch
from sklearn.base import RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.gp.accuracy_scale import AccuracyScale
from zoograph.models.intervals import Widths, around, dataset_folds, random_folds
from zoograph.models.method import Method, Prediction
from zoograph.models.pair_features import fit_scalers, measured_scores, metadata_rows
from zoograph.models.standardizer import Standardizer
from zoograph.models.training_records import TrainingRecords, count, look_up, total

_FOLDS = 10
_HELD_OUT_FOLDS = 3


class TreeEnsemble(Method):
    """Trees on rows of metadata, measured scores, and mean accuracies of the model and of the dataset.

    No row is made from its own record. Every record is learned from three times, as what will be asked for:
    as a missing cell (its means come from the other nine of ten random folds), as one of a new dataset (no
    mean of the dataset, that of the model without the dataset) and as one of a new model. Accuracies are
    standardised within datasets where these have 20 records or more on average (:class:`AccuracyScale`).
    Intervals hold 90 % of the errors on held-out folds of records, and of held-out datasets where the
    dataset has no record.
    """

    @abstractmethod
    def _make_regressor(self) -> RegressorMixin:
        """Return a scikit-learn regressor, not fitted."""

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph, minimum=2)
        self._graph = graph
        self._scalers = fit_scalers(graph, graph[TRANSFERS_TO].edge_index)
        pairs = torch.stack([records.model, records.dataset])
        errors: list[list[Tensor]] = []
        folds = random_folds(len(records), _HELD_OUT_FOLDS)
        for masks in (
            [folds == k for k in range(_HELD_OUT_FOLDS)],
            dataset_folds(records.dataset, _HELD_OUT_FOLDS),
        ):
            errors.append([torch.zeros(0, dtype=torch.float64)])
            for held in masks:
                if held.any() and int((~held).sum()) > 1:
                    self._learn(records.taken(~held))
                    errors[-1].append(records.value[held] - self._mean(graph, pairs[:, held]))
        self._widths = Widths.of(torch.cat(errors[0]), torch.cat(errors[1]))
        self._learn(records)
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        graph = self._graph if graph is None else graph
        return around(self._mean(graph, pairs), self._widths.at(self._records.seen(graph, pairs[1])))

    def _learn(self, records: TrainingRecords) -> None:
        # One dataset more than there are: the last one stands for every newcomer.
        self._scale = AccuracyScale.fitted(records.value, records.dataset, len(records.dataset_ids) + 1)
        latent = self._scale.latent(records.value, records.dataset)
        rows = _cards(self._graph, torch.stack([records.model, records.dataset]), self._scalers)
        folds = random_folds(len(records), min(_FOLDS, len(records)))
        situations = [
            _means_elsewhere(records, latent, folds),
            _means_elsewhere(records, latent, records.dataset),
            _means_elsewhere(records, latent, records.model),
        ]
        table = torch.cat([torch.cat([rows, means], dim=1) for means in situations])
        self._regressor = self._make_regressor().fit(table.numpy(), latent.repeat(3).numpy())
        models, datasets = len(records.model_ids), len(records.dataset_ids)
        self._model_sum = total(latent, records.model, models)
        self._model_count = count(records.model, models)
        self._dataset_sum = total(latent, records.dataset, datasets)
        self._dataset_count = count(records.dataset, datasets)

    def _mean(self, graph: HeteroData, pairs: Tensor) -> Tensor:
        """Return (n,) expected accuracies, not bounded."""
        if not pairs.shape[1]:
            return torch.zeros(0, dtype=torch.float64)
        models = self._records.models_of(graph, pairs[0])
        datasets = self._records.datasets_of(graph, pairs[1])
        means = [
            *_mean_and_count(look_up(self._model_sum, models, 0.0), look_up(self._model_count, models, 0.0)),
            *_mean_and_count(look_up(self._dataset_sum, datasets, 0.0), look_up(self._dataset_count, datasets, 0.0)),
        ]
        table = torch.cat([_cards(graph, pairs, self._scalers), torch.stack(means, dim=1)], dim=1)
        latent = torch.from_numpy(self._regressor.predict(table.numpy())).double()
        return self._scale.centre[datasets] + self._scale.spread[datasets] * latent


class GradientBoosting(TreeEnsemble):
    """Gradient-boosted trees (Friedman, 2001), scikit-learn's histogram implementation.

    Args:
        max_iter: number of trees.
    """

    def __init__(self, max_iter: int = 150) -> None:
        self.max_iter = max_iter

    def _make_regressor(self) -> RegressorMixin:
        return HistGradientBoostingRegressor(
            max_iter=self.max_iter, learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=20, random_state=0
        )


class ExtraTrees(TreeEnsemble):
    """Extremely randomised trees (Geurts, Ernst and Wehenkel, 2006).

    Args:
        n_estimators: number of trees.
    """

    def __init__(self, n_estimators: int = 200) -> None:
        self.n_estimators = n_estimators

    def _make_regressor(self) -> RegressorMixin:
        return ExtraTreesRegressor(n_estimators=self.n_estimators, min_samples_leaf=3, max_features=0.5, random_state=0)


def _cards(graph: HeteroData, pairs: Tensor, scalers: dict[str, Standardizer]) -> Tensor:
    """Return (n, F) float64 metadata of each pair and its measured scores with flags."""
    scores, known = measured_scores(graph, pairs)
    return torch.cat([metadata_rows(graph, pairs, scalers), scores, known.float()], dim=1).double()


def _means_elsewhere(records: TrainingRecords, values: Tensor, groups: Tensor) -> Tensor:
    """Return (n, 4) mean and count of each record's model and dataset, over records of other ``groups``."""
    columns = []
    for nodes, size in (
        (records.model, len(records.model_ids)),
        (records.dataset, len(records.dataset_ids)),
    ):
        _, cell = torch.unique(nodes * (int(groups.max()) + 1) + groups, return_inverse=True)
        num_cells = int(cell.max()) + 1
        outside = total(values, nodes, size)[nodes] - total(values, cell, num_cells)[cell]
        number = count(nodes, size)[nodes] - count(cell, num_cells)[cell]
        columns += _mean_and_count(outside, number)
    return torch.stack(columns, dim=1)


def _mean_and_count(summed: Tensor, number: Tensor) -> list[Tensor]:
    """Return the mean, 0 of nothing, and log(1 + count), which says how far to trust it."""
    return [torch.where(number > 0, summed / number.clamp(min=1), 0.0), number.log1p()]
