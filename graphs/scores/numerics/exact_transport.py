"""Exact optimal transport by POT's network simplex, checked: the one solver behind every exact coupling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from zoograph.graphs.scores.numerics.pot import load_pot
from zoograph.graphs.scores.undefined import UndefinedScore

Array = NDArray[np.float64]
_MAX_PIVOTS = 10**9


class Solution(NamedTuple):
    """An optimal coupling of N and M points.

    Attributes:
        plan: (N, M) masses, as dense or sparse as the costs were.
        source_duals: (N,) dual variables of the sources.
        target_duals: (M,) dual variables of the targets.
        cost: sum of mass times cost, the least there is.
    """

    plan: Array | coo_matrix
    source_duals: Array
    target_duals: Array
    cost: float


def solve_transport(weights: Array | None, other_weights: Array | None, costs: Array | coo_matrix) -> Solution:
    """Return the plan of least cost between two sets of weighted points, on the CPU in float64.

    Args:
        weights: (N,) masses that sum to 1; None for uniform ones.
        other_weights: (M,) masses that sum to 1; None for uniform ones.
        costs: (N, M) finite costs; a sparse matrix holds the pairs that may be coupled.

    Raises:
        UndefinedScore: if the simplex finds no optimum.
    """
    weights, other_weights = (
        np.full(size, 1 / size) if given is None else given
        for given, size in zip((weights, other_weights), costs.shape, strict=True)
    )
    plan, log = load_pot().emd(weights, other_weights, costs, _MAX_PIVOTS, log=True)
    if log["warning"] is not None:
        raise UndefinedScore(f"the transport problem cannot be solved in float64 ({log['warning']})")
    return Solution(plan, log["u"], log["v"], float(log["cost"]))
