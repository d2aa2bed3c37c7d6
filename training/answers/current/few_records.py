"""Answers where there are too few records to train a predictor: an additive baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from zoograph.data.errors import NoRecords
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import is_edge, keep_records
from zoograph.models.baselines.means import Additive
from zoograph.models.method import INTERVAL_SIGMAS, Prediction
from zoograph.models.training_records import same_names
from zoograph.training.predictors.joint import JointPrediction, centred, draw_normal

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


class AdditivePredictor:
    """A model effect plus a dataset effect, with the baseline's conformal interval.

    With fewer than nine records that interval is everything from 0 to 1, as nothing narrower can be promised.

    Args:
        graph: with one record or more.
    """

    def __init__(self, graph: HeteroData) -> None:
        self._graph, self._method = graph, Additive().fit(graph)

    def predict(self, pairs: Tensor) -> Prediction:
        """Predict ``pairs`` (2, n); the record of a measured pair is not used to predict it.

        Raises:
            NoRecords: if there is no other record than that of the pair itself.
        """
        answer = self._method.predict(pairs)
        records = self._graph[TRANSFERS_TO].edge_index
        for i in is_edge(records, pairs).nonzero().flatten().tolist():
            others = (records != pairs[:, i, None]).any(0)
            if not others.any():
                model, dataset = self._graph[MODEL].ids[pairs[0, i]], self._graph[DATASET].ids[pairs[1, i]]
                raise NoRecords(
                    f"The only record is that of '{model}' on '{dataset}' itself, which is not used to predict it. "
                    "Measure another pair with 'zoograph measure', or bring records with 'zoograph ingest'."
                )
            alone = Additive().fit(keep_records(self._graph, others)).predict(pairs[:, i, None])
            for column, value in zip(answer, alone, strict=True):
                column[i] = value[0]
        return answer

    def joint(self, models: Tensor, datasets: Tensor) -> JointPrediction:
        """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,), with independent errors."""
        k, t = len(models), len(datasets)
        pairs = torch.cartesian_prod(models, datasets).t()
        parts = [column.double().reshape(k, t) for column in self._method.predict(pairs)]
        mean, lower, upper = (column.mean(1) for column in parts)
        deviation = torch.maximum(parts[2] - parts[0], parts[0] - parts[1]) / INTERVAL_SIGMAS
        variance = deviation.square().sum(1) / t**2
        drawn = centred(draw_normal(mean, torch.diag(variance)).clamp(0, 1), mean)
        return JointPrediction(mean, lower, upper, drawn, torch.zeros(k), torch.ones(t, dtype=torch.bool))


def make_additive(zoo: Zoo, protocol: Protocol, metric: Metric = Metric.TOP1) -> tuple[HeteroData, AdditivePredictor]:
    """Return the graph of a zoo and the additive predictor on it; no text is embedded, as none is read."""
    graph = build_graph(zoo, lambda texts: np.zeros((len(texts), 1), np.float32), protocol, metric, plain=True)
    return graph, AdditivePredictor(graph)


def predict_pairs(
    graph: HeteroData, predictor: AdditivePredictor, pairs: Sequence[tuple[str, str]]
) -> list[dict[str, float | None]]:
    """Return mean, lower and upper of each (model, dataset); linear regression is left out."""
    models, datasets = zip(*pairs, strict=True)
    nodes = torch.stack([same_names(models, graph[MODEL].ids), same_names(datasets, graph[DATASET].ids)])
    rows = zip(*(column.tolist() for column in predictor.predict(nodes)), strict=True)
    return [{"mean": mean, "lower": lower, "upper": upper, "baseline": None} for mean, lower, upper in rows]
