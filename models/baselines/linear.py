"""Linear regression on metadata: the baseline that every answer is printed beside."""

from __future__ import annotations

from typing import Self

import torch
from sklearn.linear_model import RidgeCV
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import COVERAGE, Method, Prediction
from zoograph.models.pair_features import NumberScaler, fit_scalers, metadata_rows

_PENALTIES = (0.1, 1.0, 10.0, 100.0)


class LinearRegression(Method):
    """Ridge regression of accuracy on scaled numbers and one-hot categories of model and dataset.

    The penalty is chosen by leave-one-out error over the training rows (scikit-learn's ``RidgeCV``); the 90 %
    interval is Gaussian with the training residuals' spread.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        store = graph[TRANSFERS_TO]
        if store.num_edges < 2:
            raise ValueError(f"Linear regression needs two measured accuracies or more (got {store.num_edges}).")
        self._graph = graph
        self._scalers = fit_scalers(graph, store.edge_index)
        rows = metadata_rows(graph, store.edge_index, self._scalers)
        ridge = RidgeCV(alphas=_PENALTIES).fit(rows.double().numpy(), store.edge_label.double().numpy())
        self._weight = torch.from_numpy(ridge.coef_).float()
        self._bias = torch.tensor(float(ridge.intercept_))
        residuals = store.edge_label - self._mean(rows)
        self._half_width = residuals.abs().quantile(COVERAGE)
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        mean = self._mean(metadata_rows(self._graph if graph is None else graph, pairs, self._scalers))
        return Prediction(mean, (mean - self._half_width).clamp(0, 1), (mean + self._half_width).clamp(0, 1))

    def _mean(self, rows: Tensor) -> Tensor:
        return (rows @ self._weight + self._bias).clamp(0, 1)

    def state(self) -> dict[str, Tensor]:
        """Return everything that was learned, as tensors."""
        scalers = {
            f"{kind}.{part}": getattr(self._scalers[kind], part)
            for kind in (MODEL, DATASET)
            for part in ("mean", "std")
        }
        return {"weight": self._weight, "bias": self._bias, "half_width": self._half_width, **scalers}

    @classmethod
    def from_state(cls, state: dict[str, Tensor], graph: HeteroData) -> Self:
        """Return the method that was fitted, on ``graph``."""
        self = cls()
        self._graph = graph
        self._weight, self._bias, self._half_width = (state[key] for key in ("weight", "bias", "half_width"))
        self._scalers = {kind: NumberScaler(state[f"{kind}.mean"], state[f"{kind}.std"]) for kind in (MODEL, DATASET)}
        return self
