"""What a prediction rests on: the nearest measured datasets and models, and the records that moved it most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.store.store import Measured
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.gp.covariances import Covariances
from zoograph.training.predictors.exact import ExactPredictor

MeasuredPairs = Mapping[tuple[str, str], Measured]


@dataclass(frozen=True)
class NearDataset:
    """A measured dataset; similarity in [0, 1], accuracies in [0, 1].

    Attributes:
        measured: accuracy of the explained model there; None where there is no record.
        best_model: the one with the highest measured accuracy there, which is ``best_measured``.
    """

    dataset: str
    similarity: float
    measured: float | None
    best_model: str
    best_measured: float


@dataclass(frozen=True)
class NearModel:
    """A measured model; similarity in [0, 1]; ``measured`` is its accuracy on the asked tasks if all have one."""

    model: str
    similarity: float
    measured: float | None


@dataclass(frozen=True)
class RecordEffect:
    """A measured record and what it does to a prediction.

    Attributes:
        measured: its accuracy, mean over ``num_runs``, in [0, 1].
        points: predicted accuracy with the record minus without it, in points (hundredths); positive raises it.
    """

    model: str
    dataset: str
    measured: float
    num_runs: int
    points: float


@dataclass(frozen=True)
class Evidence:
    """What the prediction of ``model`` rests on; nearest, or most influential, first."""

    model: str
    datasets: tuple[NearDataset, ...]
    models: tuple[NearModel, ...]
    records: tuple[RecordEffect, ...]


def find_evidence(
    predictor: ExactPredictor, graph: HeteroData, model: int, datasets: Tensor, measured: MeasuredPairs, most: int = 5
) -> Evidence:
    """Explain the predicted accuracy of one model, its mean over ``datasets``.

    Args:
        predictor: on ``graph``.
        graph: names the nodes.
        model: its node.
        datasets: (t,) nodes.
        measured: accuracies by (model, dataset).
        most: length of each list.
    """
    conditioned = predictor.posterior(graph)
    model_ids, dataset_ids = list(graph[MODEL].ids), list(graph[DATASET].ids)
    asked = [dataset_ids[i] for i in datasets.tolist()]
    name = model_ids[model]
    records = conditioned.records.pairs
    priors = [posterior.covariances for posterior in conditioned.posteriors]

    def near_dataset(node: int, similarity: float) -> NearDataset:
        there = {m: run.value for (m, d), run in measured.items() if d == dataset_ids[node]}
        best = max(there, key=lambda m: there[m])
        return NearDataset(dataset_ids[node], similarity, there.get(name), best, there[best])

    def near_model(node: int, similarity: float) -> NearModel:
        values = [measured[model_ids[node], d].value for d in asked if (model_ids[node], d) in measured]
        return NearModel(model_ids[node], similarity, sum(values) / len(values) if len(values) == len(asked) else None)

    def record_effect(record: int, points: float) -> RecordEffect:
        pair = model_ids[records[0, record]], dataset_ids[records[1, record]]
        return RecordEffect(*pair, measured[pair].value, measured[pair].num_runs, points)

    alike = torch.stack([dataset_similarity(prior) for prior in priors]).mean(0)[datasets].mean(0)
    others = [int(node) for node in torch.unique(records[1]) if int(node) not in datasets.tolist()]
    akin = torch.stack([_correlation(prior.effect) for prior in priors]).mean(0)[model]
    peers = [int(node) for node in torch.unique(records[0]) if int(node) != model]
    points = record_effects(predictor, graph, model, datasets)
    moved = torch.argsort(points.abs(), descending=True, stable=True)[:most].tolist()
    return Evidence(
        name,
        tuple(near_dataset(i, float(alike[i])) for i in sorted(others, key=lambda i: -float(alike[i]))[:most]),
        tuple(near_model(i, float(akin[i])) for i in sorted(peers, key=lambda i: -float(akin[i]))[:most]),
        tuple(record_effect(i, float(points[i])) for i in moved if points[i] != 0),
    )


def dataset_similarity(prior: Covariances) -> Tensor:
    """Return (D, D) prior correlations, in [0, 1], of one average model's accuracies on two datasets.

    The kernel's level, and its spread times the mean prior variance of a model's effect; scores take no part.
    """
    return _correlation(prior.level + prior.effect.diagonal().mean() * prior.spread)


def record_effects(predictor: ExactPredictor, graph: HeteroData, model: int, datasets: Tensor) -> Tensor:
    r"""Return (R,) points of accuracy by which each record moves the prediction of ``model``, mean over ``datasets``.

    The prediction with all records minus that without record :math:`r`, in closed form (as Rasmussen and Williams,
    2006, eq. 5.12, does for the record itself), mean over the members. Scales, noises and what was learned stay as
    they are. With :math:`k` the prior covariances of the asked accuracy with the records,

    .. math:: \Delta_r = \frac{[K^{-1} k]_r \, [K^{-1} y]_r}{[K^{-1}]_{rr}}

    The order is that of ``predictor.posterior(graph).records``.
    """
    conditioned = predictor.posterior(graph)
    scale = conditioned.records.scale
    pairs = torch.stack([torch.full_like(datasets, model), datasets])
    units = torch.where(scale.informative[datasets], scale.spread[datasets], 0.0) / len(datasets)
    parts = []
    for posterior in conditioned.posteriors:
        cross = units @ posterior.covariances.between(pairs, posterior.pairs)
        solved = torch.cholesky_solve(cross[:, None], posterior.chol)[:, 0]
        parts.append(solved * posterior.alpha / posterior.inverse.diagonal())
    return 100 * torch.stack(parts).mean(0)


def _correlation(covariance: Tensor) -> Tensor:
    deviation = covariance.diagonal().sqrt()
    return (covariance / deviation[:, None] / deviation[None]).clamp(0, 1)
