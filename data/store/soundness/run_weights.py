"""How much each run counts in what was measured of a pair."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

ENOUGH = 10_000
"""Samples of a test set from which on more say no more: chance moves an accuracy by half a point there at most, and two
trainings of one network differ by about as much."""

Numbers = NDArray[np.float64]


def run_weights(place: NDArray[np.int64], test_size: Numbers, num_runs: Numbers | None = None) -> Numbers:
    """Return (n,) how much each run counts in the mean of its pair.

    Where all runs of a pair say how many samples they were tested on, each counts by these, :data:`ENOUGH` at most;
    elsewhere all count alike.

    Args:
        place: (n,) which pair each run is of, from 0.
        test_size: (n,) samples that each was tested on; NaN where not known.
        num_runs: (n,) how many runs of one size each row is the mean of; default: one.

    >>> run_weights(np.array([0, 0, 1, 1]), np.array([84.0, 2.0, 84.0, np.nan])).tolist()
    [84.0, 2.0, 1.0, 1.0]
    """
    number = np.ones(len(place)) if num_runs is None else num_runs
    size = np.minimum(np.nan_to_num(test_size), ENOUGH)
    pairs = place.max(initial=-1) + 1
    least, most = np.full(pairs, np.inf), np.zeros(pairs)
    np.minimum.at(least, place, size)  # 0 where one is not known
    np.maximum.at(most, place, size)
    return np.where(((least > 0) & (least < most))[place], number * size, number)


def mean_of_runs(values: Sequence[float], test_sizes: Sequence[float | None]) -> float:
    """Return the mean of the runs of one pair, each of which counts as :func:`run_weights` says.

    Args:
        values: of the runs.
        test_sizes: samples that each was tested on; None or NaN where not known.
    """
    sizes = np.array(test_sizes, np.float64)  # None becomes NaN
    weights = run_weights(np.zeros(len(sizes), np.int64), sizes)
    return fmean(values, weights.tolist())
