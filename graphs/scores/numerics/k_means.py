"""k-means from a fixed seed, as scikit-learn has it, on the device of the points."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

_MOST_STEPS, _TOLERANCE = 300, 1e-4


def k_means(points: Tensor, num_clusters: int, seed: int = 0) -> Tensor:
    """Return the clusters (N,) that Lloyd's algorithm ends with, from k-means++ seeds.

    The draws, the greedy choice among them and the rules of stopping are those of scikit-learn's ``KMeans`` with one
    start, so that the clusters are its own, up to ties.

    Args:
        points: (N, D) float64; N is at least ``num_clusters``.
        num_clusters: K.
        seed: of numpy's ``RandomState``.
    """
    centres = points[_seeds(points, num_clusters, np.random.RandomState(seed))]
    enough = _TOLERANCE * float(points.var(dim=0, correction=0).mean())
    clusters = _nearest(points, centres)
    for _ in range(_MOST_STEPS):
        moved = _means(points, clusters, centres)
        still = float((moved - centres).square().sum()) <= enough
        centres, before, clusters = moved, clusters, _nearest(points, moved)
        if still or torch.equal(clusters, before):
            break
    return clusters


def _seeds(points: Tensor, num_clusters: int, random: np.random.RandomState) -> Tensor:
    """Return the (K,) rows of k-means++: each the best of a few that are drawn by squared distance to those before."""
    trials = 2 + int(math.log(num_clusters))
    first = random.choice(len(points), p=np.full(len(points), 1 / len(points)))
    draws = torch.from_numpy(random.uniform(size=(num_clusters - 1, trials))).to(points.device)
    norms = points.square().sum(dim=1)
    chosen = [torch.full((), int(first), device=points.device)]
    closest = _distances(points, norms, chosen[0][None])[0]
    for draw in draws:
        rows = torch.searchsorted(closest.cumsum(0), draw * closest.sum()).clamp_max(len(points) - 1)
        distances = torch.minimum(_distances(points, norms, rows), closest)
        best = distances.sum(dim=1).argmin()
        chosen.append(rows[best])
        closest = distances[best]
    return torch.stack(chosen)


def _distances(points: Tensor, norms: Tensor, rows: Tensor) -> Tensor:
    """Return the (R, N) squared distances of some points from all."""
    return (norms[rows][:, None] + norms - 2 * points[rows] @ points.T).clamp_min_(0.0)


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    return torch.addmm(centres.square().sum(dim=1), points, centres.T, alpha=-2).argmin(dim=1)


def _means(points: Tensor, clusters: Tensor, centres: Tensor) -> Tensor:
    """Return the (K, D) means of clusters; an empty one takes the point that is farthest from its own centre."""
    counts = torch.bincount(clusters, minlength=len(centres))
    sums = torch.segment_reduce(points[clusters.argsort(stable=True)], "sum", lengths=counts, axis=0)
    counts = counts.to(points)
    empty = (counts == 0).nonzero()[:, 0]
    if len(empty):
        far = (points - centres[clusters]).square().sum(dim=1).topk(len(empty)).indices
        sums.index_add_(0, clusters[far], -points[far])
        counts.index_add_(0, clusters[far], -counts.new_ones(len(far)))
        sums[empty], counts[empty] = points[far], 1.0
    return sums / counts.clamp_min(1.0)[:, None]
