"""Ridge regression on every product of a model's and a dataset's properties."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.baselines.least_squares import fit_ridge
from zoograph.models.intervals import Widths, around, dataset_folds
from zoograph.models.method import Method, Prediction
from zoograph.models.pair_features import fit_scalers
from zoograph.models.standardizer import Standardizer
from zoograph.models.training_records import TrainingRecords

_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class InteractionRidge(Method):
    r"""Ridge regression on the properties of model and dataset, and on their outer product.

    .. math:: \hat a_{md} = \beta^\top [x_m,\; z_d,\; x_m \otimes z_d]

    Properties are scaled numbers with flags of the known ones, and one-hot family and domain, so that a
    family may do well in one domain and badly in another. A record weighs
    :math:`1 / (\tau^2 + p (1 - p) / n)`, with the accuracy :math:`p` and the excess variance
    :math:`\tau^2` of an unweighted fit and the number of images :math:`n`. Intervals hold 90 % of the errors
    on left-out records, and of left-out datasets where the dataset has no record. A newcomer is known by
    its card.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph, minimum=2)
        self._graph = graph
        pairs = graph[TRANSFERS_TO].edge_index
        self._scalers = fit_scalers(graph, pairs)
        rows = interaction_rows(graph, pairs, self._scalers)
        even = fit_ridge(rows, records.value, torch.ones_like(records.value), _PENALTIES)
        weight = noise_weights(records, records.value - even.errors, even.errors)
        self._ridge = fit_ridge(rows, records.value, weight, _PENALTIES)
        new = []
        for held in dataset_folds(records.dataset):
            part = fit_ridge(rows[~held], records.value[~held], weight[~held], _PENALTIES)
            new.append(records.value[held] - rows[held] @ part.weight - part.bias)
        self._widths = Widths.of(self._ridge.errors, torch.cat([*new, self._ridge.errors[:0]]))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        rows = interaction_rows(self._graph if graph is None else graph, pairs, self._scalers)
        mean = rows @ self._ridge.weight + self._ridge.bias
        return around(mean, self._widths.at(self._records.seen(graph, pairs[1])))


def interaction_rows(graph: HeteroData, pairs: Tensor, scalers: dict[str, Standardizer]) -> Tensor:
    """Return (n, F_m + F_d + F_m F_d) float64 rows: properties of both sides and their outer product."""
    model, dataset = (
        _properties(graph, kind, scalers[kind])[nodes] for kind, nodes in zip((MODEL, DATASET), pairs, strict=True)
    )
    products = (model.unsqueeze(2) * dataset.unsqueeze(1)).flatten(1)
    return torch.cat([model, dataset, products], dim=1).double()


def noise_weights(records: TrainingRecords, predicted: Tensor, errors: Tensor) -> Tensor:
    """Return (n,) inverse variances of records, from held-out predictions and their errors.

    A record whose sample size is not known is taken to have no noise of its own.
    """
    p = predicted.clamp(0.02, 0.98)
    noise = torch.where(records.sample_size.isnan(), 0.0, p * (1 - p) / records.sample_size)
    excess = max(float(errors.square().mean() - noise.mean()), 1e-4)
    return 1 / (excess + noise)


def _properties(graph: HeteroData, kind: str, scaler: Standardizer) -> Tensor:
    """Return (N, F) scaled numbers, flags and one-hot category, all 0 if unknown, of every node."""
    store = graph[kind]
    one_hot = torch.nn.functional.one_hot(store.x_category, len(graph.vocabulary[kind]) + 1)[:, 1:]
    return torch.cat([scaler(store.x_number, store.x_number_mask), one_hot.float()], dim=1)
