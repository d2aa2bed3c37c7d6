"""Paired cluster bootstrap of the errors of two methods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from zoograph.training.evaluation.metrics import to_numbers

# Draws held in memory at a time.
_CHUNK = 1000


class Comparison(NamedTuple):
    """Two methods on the same cells.

    Attributes:
        difference: mean of a's errors less b's; negative where a is better.
        lower: lower end of its 95 % bootstrap interval.
        upper: upper end.
        p: two-sided p-value of no difference, the smallest level whose interval leaves 0 out.
    """

    difference: float
    lower: float
    upper: float
    p: float


def paired_bootstrap(
    errors_a: Tensor, errors_b: Tensor, datasets: Tensor, num_samples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two methods' errors by the paired cluster bootstrap, a dataset being a cluster: percentile intervals.

    The cells of a dataset share its sampling noise, so that whole datasets are drawn, with all their cells:
    drawing cells would make any difference look surer than it is. `scipy.stats.bootstrap` of the sums and counts of
    the datasets, paired, does the same with other draws; how often each dataset is drawn is all that is drawn here.

    Args:
        errors_a: (n,) a loss a cell, or a dataset, such as absolute error or regret.
        errors_b: (n,) the other method's on the same cells.
        datasets: (n,) the dataset of each.
        num_samples: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: if lengths differ, or there are fewer than two datasets.
    """
    if not len(errors_a) == len(errors_b) == len(datasets):
        lengths = f"{len(errors_a)}, {len(errors_b)} and {len(datasets)}"
        raise ValueError(f"A paired comparison needs one length (got {lengths}).")
    present, cluster = np.unique(datasets.numpy(), return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"A bootstrap over datasets needs two or more (got {len(present)}).")
    difference = to_numbers(errors_a) - to_numbers(errors_b)
    total, count = np.bincount(cluster, weights=difference), np.bincount(cluster)
    rng = np.random.default_rng(seed)
    share = np.full(len(present), 1 / len(present))
    samples = []
    for start in range(0, num_samples, _CHUNK):
        drawn = rng.multinomial(len(present), share, size=min(_CHUNK, num_samples - start))
        samples.append((drawn @ total) / (drawn @ count))
    sample = np.concatenate(samples)
    lower, upper = np.quantile(sample, (0.025, 0.975))
    beyond = min((sample <= 0).sum(), (sample >= 0).sum())
    p = min(1.0, 2 * (beyond + 1) / (num_samples + 1))
    return Comparison(float(difference.mean()), float(lower), float(upper), float(p))
