"""Exact optimal transport between two clouds of features, in memory that does not hold their distances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from torch import Tensor

from zoograph.graphs.scores.numerics.exact_transport import solve_transport
from zoograph.graphs.scores.undefined import UndefinedScore

_DENSE_CELLS = 2**22
_KEPT_CELLS = 2**25  # a quarter of a gigabyte
_BLOCK_CELLS = 2**22
_GATHER_CELLS = 2**17
_CANDIDATES = 40
_TOLERANCE = 1e-6


class Cloud(NamedTuple):
    """Weighted points.

    Attributes:
        points: (K, D) float64 points, no two alike.
        weights: (K,) float64 masses that sum to 1.
    """

    points: Tensor
    weights: Tensor

    def thinned(self, step: int) -> Cloud:
        """Return every ``step``-th point, with weights that sum to 1."""
        weights = self.weights[::step]
        return Cloud(self.points[::step], weights / weights.sum())


class Plan(NamedTuple):
    """An optimal coupling of two clouds.

    Attributes:
        source: (E,) points of the source cloud that send mass.
        target: (E,) points of the target cloud that receive it.
        mass: (E,) how much, summing to 1.
        cost: sum of mass times squared Euclidean distance.
    """

    source: Tensor
    target: Tensor
    mass: Tensor
    cost: float


def transport(source: Cloud, target: Cloud) -> Plan:
    """Return the plan of least cost between two clouds, for squared Euclidean distances.

    Small problems go to POT's network simplex with all distances. Larger ones are solved by column generation: the
    simplex sees the pairs that may matter, its dual variables tell which of all pairs it has missed (beyond 33 million
    in blocks, in float32), and these are added until all together could not lower the cost by more than 1e-6 of the
    clouds' mean squared radius. The first duals come from the same problem with a third of the points.

    Raises:
        UndefinedScore: if distances leave the range of floating-point numbers.
    """
    middle = (source.weights @ source.points + target.weights @ target.points) / 2
    source, target = (cloud._replace(points=cloud.points - middle) for cloud in (source, target))
    radius = math.sqrt(sum(float(weights @ points.square().sum(dim=1)) for points, weights in (source, target)))
    if not math.isfinite(radius):
        raise UndefinedScore("distances of features leave the range of floating-point numbers")
    if radius > 0:
        source, target = (cloud._replace(points=cloud.points / radius) for cloud in (source, target))
    known = None
    if len(source.weights) * len(target.weights) <= _KEPT_CELLS:
        known = _all_distances(source, target)
        # Nothing reads the points again: let go of them.
        source, target = (
            cloud._replace(points=cloud.points.new_empty(len(cloud.points), 0)) for cloud in (source, target)
        )
    solution = _solve(source, target, known)
    cost = float(solution.mass @ _Costs(source, target, known).of(solution.rows, solution.columns))
    return Plan(solution.rows, solution.columns, solution.mass, cost * radius**2)


class _Solution(NamedTuple):
    """A plan (E,), with the dual variables of its source and target points."""

    rows: Tensor
    columns: Tensor
    mass: Tensor
    source_duals: Tensor
    target_duals: Tensor


def _solve(source: Cloud, target: Cloud, known: Tensor | None) -> _Solution:
    """Return the optimal coupling; ``known`` are the (K, L) distances of all pairs, where memory holds them."""
    if len(source.weights) * len(target.weights) <= _DENSE_CELLS:
        known = _all_distances(source, target) if known is None else known
        return _simplex(source, target, known.cpu().numpy())
    costs = _Costs(source, target, known)
    thinned = None if known is None else known[::3, ::3].contiguous()
    sample = source.thinned(3)
    guess = _solve(sample, target.thinned(3), thinned).source_duals
    across = _Costs(target, sample, None if known is None else known[::3].T)
    target_duals = torch.cat([block.amin(dim=1) for _, block in across.reduced(guess)])
    pairs = torch.cat([costs.cheapest(target_duals), _staircase(source, target)], dim=1).unique(dim=1)
    distances = costs.of(*pairs)
    while True:
        graph = coo_matrix((distances.cpu().numpy(), pairs.cpu().numpy()), (len(source.weights), len(target.weights)))
        solution = _simplex(source, target, graph)
        missed, gap = costs.price(solution)
        new_distances = costs.of(*missed)
        gains = solution.source_duals[missed[0]] + solution.target_duals[missed[1]] - new_distances
        real = gains > _TOLERANCE  # float32 found them, float64 decides
        if gap <= _TOLERANCE or not bool(real.any()):
            return solution
        pairs = torch.cat([pairs, missed[:, real]], dim=1)
        distances = torch.cat([distances, new_distances[real]])


def _simplex(source: Cloud, target: Cloud, cost: np.ndarray | coo_matrix) -> _Solution:
    solved = solve_transport(source.weights.cpu().numpy(), target.weights.cpu().numpy(), cost)
    plan = coo_matrix(solved.plan)
    duals = solved.source_duals, solved.target_duals
    parts = (plan.row.astype(np.int64), plan.col.astype(np.int64), plan.data, *duals)
    return _Solution(*(torch.as_tensor(part).to(source.points.device) for part in parts))


def _staircase(source: Cloud, target: Cloud) -> Tensor:
    """Return the (2, E) pairs of a plan that any distances allow: the masses laid end to end and cut at each border."""
    ends = [cloud.weights.cumsum(0) for cloud in (source, target)]
    cuts = torch.cat(ends).sort().values
    middles = torch.cat([cuts[:1] / 2, (cuts[1:] + cuts[:-1]) / 2])
    return torch.stack([torch.searchsorted(end, middles).clamp_max(len(end) - 1) for end in ends])


def _all_distances(source: Cloud, target: Cloud) -> Tensor:
    """Return the (K, L) squared distances of all pairs."""
    norms, target_norms = (cloud.points.square().sum(dim=1) for cloud in (source, target))
    return torch.addmm(target_norms, source.points, target.points.T, alpha=-2).add_(norms[:, None]).clamp_min_(0.0)


class _Costs:
    """Squared distances of two clouds: of some pairs in float64, and of all less dual variables in blocks."""

    def __init__(self, source: Cloud, target: Cloud, known: Tensor | None) -> None:
        self._source, self._target, self._known = source, target, known

    def of(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Return the (E,) squared distances of some pairs."""
        if self._known is not None:
            return self._known[rows, columns]
        step = max(1, _GATHER_CELLS // self._source.points.shape[1])
        blocks = zip(rows.split(step), columns.split(step), strict=True)
        source, target = self._source.points, self._target.points
        return torch.cat([(source[i] - target[j]).square_().sum(dim=1) for i, j in blocks])

    def price(self, solution: _Solution) -> tuple[Tensor, float]:
        """Return (2, E) pairs that seem to lower the cost, and a bound on what the simplex missed can save."""
        found, gap = [], 0.0
        for block, costs in self.reduced(solution.target_duals):
            least, columns = costs.topk(min(_CANDIDATES, costs.shape[1]), dim=1, largest=False)
            gains = solution.source_duals[block, None] - least
            gap += float(self._source.weights[block] @ gains[:, 0].clamp_min(0.0))
            row, rank = (gains > _TOLERANCE).nonzero(as_tuple=True)
            found.append(torch.stack([block[row], columns[row, rank]]))
        return torch.cat(found, dim=1), gap

    def cheapest(self, target_duals: Tensor) -> Tensor:
        """Return the (2, E) pairs of least reduced cost of each source point."""
        found = []
        for block, costs in self.reduced(target_duals):
            columns = costs.topk(min(_CANDIDATES, costs.shape[1]), dim=1, largest=False).indices
            found.append(torch.stack([block[:, None].expand_as(columns), columns]).flatten(1))
        return torch.cat(found, dim=1)

    def reduced(self, target_duals: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield blocks of source points (B,) and their distances less the targets' duals, (B, L), overwritten."""
        size = max(1, _BLOCK_CELLS // len(target_duals))
        blocks = torch.arange(len(self._source.weights), device=target_duals.device).split(size)
        if self._known is not None:
            yield from ((block, self._known[block].sub_(target_duals)) for block in blocks)
            return
        from_points, to_points = self._source.points.float(), self._target.points.float()
        norms = from_points.square().sum(dim=1, keepdim=True)
        offsets = (self._target.points.square().sum(dim=1) - target_duals).float()
        buffer = norms.new_empty(len(blocks[0]), len(offsets))  # one for all blocks: a heap of them fragments
        for block in blocks:
            costs = buffer[: len(block)]
            torch.addmm(offsets, from_points[block], to_points.T, alpha=-2, out=costs)
            yield block, costs.add_(norms[block])
