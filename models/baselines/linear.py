"""Linear regression on metadata: the baseline that every answer is printed beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.baselines.least_squares import fit_ridge
from zoograph.models.intervals import Widths, dataset_folds
from zoograph.models.method import Method, Prediction
from zoograph.models.pair_features import fit_scalers, metadata_rows
from zoograph.models.standardizer import Standardizer
from zoograph.models.training_records import TrainingRecords

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_PENALTIES = (0.1, 1.0, 10.0, 100.0)
_MOST_ROWS = 50_000  # a few hundred coefficients are known well from so many


class LinearRegression(Method):
    """Ridge regression of accuracy on scaled numbers and one-hot categories of model and dataset.

    The penalty is chosen by leave-one-out error over the training rows, which are a random 50,000 where there are more.
    Intervals hold 90 % of the errors on left-out records, and of left-out datasets where the dataset has no record.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        rows, records, errors = self._fit_mean(graph)
        value, one = records.value, torch.ones_like(records.value)
        known, new = value - (value - errors).clamp(0, 1), [value[:0]]
        for held in dataset_folds(records.dataset):
            part = fit_ridge(rows[~held], value[~held], one[~held], _PENALTIES)
            new.append(value[held] - (rows[held] @ part.weight + part.bias).clamp(0, 1))
        self._widths = Widths.of(known, torch.cat(new))
        return self

    def fit_mean(self, graph: HeteroData) -> Self:
        """Fit all that :meth:`mean` needs, in a sixth of the time: no intervals."""
        self._fit_mean(graph)
        return self

    def _fit_mean(self, graph: HeteroData) -> tuple[Tensor, TrainingRecords, Tensor]:
        """Fit weights; return the rows, their records and their leave-one-out errors."""
        records = TrainingRecords.of(graph, minimum=2)
        self._graph, self._measured = graph, _measured_datasets(graph)
        pairs = graph[TRANSFERS_TO].edge_index
        self._scalers = fit_scalers(graph, pairs)
        if len(records) > _MOST_ROWS:
            drawn = torch.randperm(len(records), generator=torch.Generator().manual_seed(0))[:_MOST_ROWS].sort().values
            records, pairs = records.taken(drawn), pairs[:, drawn]
        rows = metadata_rows(graph, pairs, self._scalers).double()
        whole = fit_ridge(rows, records.value, torch.ones_like(records.value), _PENALTIES)
        self._weight, self._bias = whole.weight.float(), whole.bias.float()
        return rows, records, whole.errors

    def mean(self, pairs: Tensor, graph: HeteroData | None = None) -> Tensor:
        """Return what is expected of (2, n) pairs."""
        graph = self._graph if graph is None else graph
        return (metadata_rows(graph, pairs, self._scalers) @ self._weight + self._bias).clamp(0, 1)

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        graph = self._graph if graph is None else graph
        mean = self.mean(pairs, graph)
        seen = torch.tensor([name in self._measured for name in graph[DATASET].ids], dtype=torch.bool)
        width = self._widths.at(seen[pairs[1]]).float()
        return Prediction(mean, (mean - width).clamp(0, 1), (mean + width).clamp(0, 1))

    def state(self) -> dict[str, Tensor]:
        """Return everything that was learned, as tensors."""
        scalers = {
            f"{kind}.{name}": value
            for kind, scaler in self._scalers.items()
            for name, value in scaler.state_dict().items()
        }
        return {
            "weight": self._weight,
            "bias": self._bias,
            "widths": torch.tensor(self._widths, dtype=torch.float64),
            **scalers,
        }

    @classmethod
    def from_state(cls, state: dict[str, Tensor], graph: HeteroData) -> Self:
        """Return the method that was fitted, on ``graph``, whose measured datasets are no newcomers."""
        self = cls()
        self._graph, self._measured = graph, _measured_datasets(graph)
        self._weight, self._bias = state["weight"], state["bias"]
        self._widths = Widths(*state["widths"].tolist())
        self._scalers = {kind: Standardizer(len(state[f"{kind}.mean"])) for kind in (MODEL, DATASET)}
        for kind, scaler in self._scalers.items():
            scaler.load_state_dict({name: state[f"{kind}.{name}"] for name in ("mean", "std")})
        return self


def _measured_datasets(graph: HeteroData) -> set[str]:
    return {graph[DATASET].ids[dataset] for dataset in torch.unique(graph[TRANSFERS_TO].edge_index[1]).tolist()}
