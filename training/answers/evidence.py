"""What a prediction rests on: the nearest measured datasets and models, and the records that moved it most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from zoograph.data.store.measurements import Measured
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.training_records import same_names
from zoograph.training.predictors.evidence import EvidencePredictor

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

MeasuredOn = Callable[[Collection[str]], Mapping[tuple[str, str], Measured]]
"""What was measured on some datasets, by (model, dataset)."""


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
        points: accuracy that all records predict, that of the pair itself included, minus what they predict without
            this one, in points (hundredths); positive raises it.
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
    predictor: EvidencePredictor,
    graph: HeteroData,
    model: str,
    tasks: Sequence[str],
    measured_on: MeasuredOn,
    most: int = 5,
) -> Evidence:
    """Explain the predicted accuracy of one model, its mean over ``tasks``.

    Args:
        predictor: on ``graph``.
        graph: names the nodes.
        model: its id.
        tasks: ids of datasets.
        measured_on: looks up accuracies.
        most: length of each list.
    """
    model_ids, dataset_ids = list(graph[MODEL].ids), list(graph[DATASET].ids)
    node, datasets = model_ids.index(model), same_names(tasks, dataset_ids)

    def near_dataset(place: int, similarity: float) -> NearDataset:
        there = {m: run.value for (m, d), run in measured.items() if d == dataset_ids[place]}
        best = max(there, key=lambda m: there[m])
        return NearDataset(dataset_ids[place], similarity, there.get(model), best, there[best])

    def near_model(place: int, similarity: float) -> NearModel:
        values = [measured[model_ids[place], d].value for d in tasks if (model_ids[place], d) in measured]
        return NearModel(model_ids[place], similarity, sum(values) / len(values) if len(values) == len(tasks) else None)

    akin, alike = predictor.similarities(node, datasets)
    measured_models, measured_datasets = (torch.unique(nodes).tolist() for nodes in graph[TRANSFERS_TO].edge_index)
    asked = set(datasets.tolist())
    others = sorted((i for i in measured_datasets if i not in asked), key=lambda i: -float(alike[i]))[:most]
    peers = sorted((i for i in measured_models if i != node), key=lambda i: -float(akin[i]))[:most]
    pairs, points = predictor.record_effects(node, datasets)
    strongest = torch.argsort(points.abs(), descending=True, stable=True)[:most].tolist()
    named = {*others, *pairs[1, strongest].tolist()}
    measured = measured_on([*tasks, *(dataset_ids[i] for i in named)])
    records = []
    for i in strongest:
        pair = model_ids[pairs[0, i]], dataset_ids[pairs[1, i]]
        records.append(RecordEffect(*pair, measured[pair].value, measured[pair].num_runs, float(points[i])))
    return Evidence(
        model,
        tuple(near_dataset(i, float(alike[i])) for i in others),
        tuple(near_model(i, float(akin[i])) for i in peers),
        tuple(record for record in records if record.points != 0),
    )
