"""The plane: models, or datasets, as points that lie near each other where the predictor takes them to be alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh
from torch import Tensor

from zoograph.data.records.zoo import Zoo
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.evidence.posterior import Prior
from zoograph.training.runtime.threads import one_thread
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.restore import load_on

_AT_ONCE = 400
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """Nodes of one kind on a plane.

    Attributes:
        ids: names of the nodes.
        points: (n, 2) where they lie, each axis in [-1, 1]; the axes have no unit.
        likeness: (n, n) prior correlation of the nodes, in [0, 1].
        explained: share of the spread of the correlations that the two axes hold, in [0, 1].
    """

    ids: tuple[str, ...]
    points: Matrix
    likeness: Matrix
    explained: float

    def nearest(self, name: str, most: int) -> list[tuple[str, float]]:
        """Return the nodes that are most like one, and how like they are; none for a name that is not there."""
        if name not in self.ids:
            return []
        row = self.likeness[self.ids.index(name)]
        order = [i for i in np.argsort(-row, kind="stable").tolist() if self.ids[i] != name]
        return [(self.ids[i], float(row[i])) for i in order[:most]]


def make_planes(artifact: Artifact, zoo: Zoo) -> tuple[Plane, Plane]:
    """Return the plane of models and that of datasets, by the covariances that a predictor has learned.

    The axes are the first two principal components of the correlations (kernel principal component analysis).

    Args:
        artifact: the predictor.
        zoo: cards and records, all of its metric and modality.
    """
    graph, predictor, _ = load_on(artifact, zoo)
    with one_thread(), torch.no_grad():
        prior = predictor.prior
        models, datasets = torch.arange(len(graph[MODEL].ids)), torch.arange(len(graph[DATASET].ids))
        skills = torch.cat([_skill(prior, rows, models) for rows in models.split(_AT_ONCE)])
        places = prior.between_datasets(datasets, datasets).where
    return _plane(tuple(graph[MODEL].ids), skills), _plane(tuple(graph[DATASET].ids), places)


def project(likeness: Matrix) -> tuple[Matrix, float]:
    """Return (n, 2) points of an (n, n) matrix of correlations, and the share of its spread that they hold.

    Each axis is scaled to [-1, 1], and points so that its largest coordinate is positive. Fewer than three nodes, or
    nodes that are all alike, lie in the middle.
    """
    size = len(likeness)
    if size < 3:
        return np.zeros((size, 2)), 0.0
    centred = likeness - likeness.mean(0) - likeness.mean(1)[:, None] + likeness.mean()
    total = float(np.trace(centred))
    if total < 1e-9:
        return np.zeros((size, 2)), 0.0
    values, vectors = eigsh(centred, k=2, v0=np.ones(size))
    points = vectors[:, ::-1] * np.sqrt(np.clip(values[::-1], 0, None))
    largest = points[np.abs(points).argmax(0), range(2)]
    return points / np.where(np.abs(largest) < 1e-9, 1.0, largest), float(np.clip(values, 0, None).sum() / total)


def _skill(prior: Prior, rows: Tensor, columns: Tensor) -> Tensor:
    part = prior.between_models(rows, columns)
    return part.skill + part.interaction


def _plane(ids: tuple[str, ...], covariance: Tensor) -> Plane:
    deviation = covariance.diagonal().sqrt()
    likeness = (covariance / deviation[:, None] / deviation[None]).clamp(0, 1).double().numpy()
    points, explained = project(likeness)
    return Plane(ids, points, likeness, explained)
