"""Bootstrap over independent units, such as families of datasets: how sure a mean or a difference is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from zoograph.training.evaluation.metrics import Array, to_numbers

# Draws held in memory at a time.
_CHUNK = 1000
_ENDS = (0.025, 0.975)


class Comparison(NamedTuple):
    """Two methods on the same cells.

    Attributes:
        difference: mean of a's errors less b's; negative where a is better.
        lower: lower end of its 95 % bootstrap interval.
        upper: upper end.
        p: two-sided p-value of no difference, the smallest level whose interval leaves 0 out.
        num_units: independent units that were drawn.
    """

    difference: float
    lower: float
    upper: float
    p: float
    num_units: int


def paired_bootstrap(
    errors_a: Tensor, errors_b: Tensor, units: Tensor, num_samples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two methods' errors by the paired cluster bootstrap: percentile intervals.

    Cells of one unit share what makes them hard, so that whole units are drawn, with all their cells: drawing cells,
    or the tasks of one family, would make any difference look surer than it is. `scipy.stats.bootstrap` of the sums and
    counts of the units, paired, does the same with other draws; how often each unit is drawn is all that is drawn here.

    Args:
        errors_a: (n,) a loss a cell, or a dataset, such as absolute error or regret.
        errors_b: (n,) the other method's on the same cells.
        units: (n,) what each belongs to that is independent of the others: its family of datasets, or its model.
        num_samples: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: if lengths differ, or there are fewer than two units.
    """
    if not len(errors_a) == len(errors_b) == len(units):
        lengths = f"{len(errors_a)}, {len(errors_b)} and {len(units)}"
        raise ValueError(f"A paired comparison needs one length (got {lengths}).")
    difference = to_numbers(errors_a) - to_numbers(errors_b)
    sample = unit_means(difference[:, None], units, num_samples, seed)[:, 0]
    return compare_draws(float(difference.mean()), sample, len(np.unique(units.numpy())))


def unit_means(values: Array, units: Tensor, num_samples: int = 10_000, seed: int = 0) -> Array:
    """Return (num_samples, m) means over cells, a row for each draw of the units.

    Args:
        values: (n, m) numbers a cell.
        units: (n,) as in :func:`paired_bootstrap`.
        num_samples: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: if there are fewer than two units.
    """
    present, cluster = np.unique(units.numpy(), return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"A bootstrap needs two independent units or more (got {len(present)}).")
    total = np.stack([np.bincount(cluster, weights=column) for column in values.T], axis=1)
    count = np.bincount(cluster)
    rng = np.random.default_rng(seed)
    share = np.full(len(present), 1 / len(present))
    samples = []
    for start in range(0, num_samples, _CHUNK):
        drawn = rng.multinomial(len(present), share, size=min(_CHUNK, num_samples - start))
        samples.append((drawn @ total) / (drawn @ count)[:, None])
    return np.concatenate(samples)


def compare_draws(difference: float, sample: Array, num_units: int) -> Comparison:
    """Return what the draws of a difference say of it."""
    lower, upper = np.quantile(sample, _ENDS)
    beyond = min((sample <= 0).sum(), (sample >= 0).sum())
    p = min(1.0, 2 * (beyond + 1) / (len(sample) + 1))
    return Comparison(difference, float(lower), float(upper), float(p), num_units)
