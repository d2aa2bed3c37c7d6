"""The paired cluster bootstrap, against a naive loop and SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from zoograph.training.evaluation.bootstrap import paired_bootstrap


def naive_bootstrap(a, b, datasets, num_samples, seed):
    rng = np.random.default_rng(seed)
    names = sorted(set(datasets))
    cells = {name: [i for i, dataset in enumerate(datasets) if dataset == name] for name in names}
    means = []
    for _ in range(num_samples):
        drawn = [i for name in rng.choice(names, len(names)) for i in cells[name]]
        means.append(np.mean([a[i] - b[i] for i in drawn]))
    return np.quantile(means, (0.025, 0.975))


def test_paired_bootstrap_agrees_with_a_naive_loop():
    rng = np.random.default_rng(1)
    datasets = rng.integers(12, size=90)
    b = rng.random(90)
    a = b + 0.1 + rng.normal(0, 0.3, 12)[datasets]
    result = paired_bootstrap(*(torch.tensor(part) for part in (a, b, datasets)), num_samples=10_000, seed=3)
    expected = naive_bootstrap(a, b, datasets.tolist(), 3000, 4)
    assert result.difference == pytest.approx(np.mean(a - b))
    assert (result.lower, result.upper) == pytest.approx(tuple(expected), abs=0.02)
    again = paired_bootstrap(*(torch.tensor(part) for part in (a, b, datasets)), num_samples=10_000, seed=3)
    assert again == result


def test_paired_bootstrap_draws_datasets_rather_than_cells():
    # One number a dataset, repeated: more cells are no more evidence.
    generator = torch.Generator().manual_seed(0)
    a, zero, datasets = torch.randn(10, generator=generator), torch.zeros(10), torch.arange(10)
    once = paired_bootstrap(a, zero, datasets)
    repeated = paired_bootstrap(a.repeat(50), zero.repeat(50), datasets.repeat(50))
    assert tuple(repeated) == pytest.approx(tuple(once))


def test_paired_bootstrap_p_value():
    datasets, zero = torch.arange(20), torch.zeros(20)
    assert paired_bootstrap(zero, zero, datasets).p == 1.0
    sure = paired_bootstrap(zero - 0.1, zero, datasets, num_samples=999)
    assert (sure.difference, sure.lower, sure.upper) == pytest.approx((-0.1, -0.1, -0.1))
    assert sure.p == pytest.approx(2 / 1000)
    # Half an interval's tail on the far side of 0 is p: it agrees with a t-test on many datasets.
    generator = torch.Generator().manual_seed(2)
    a = torch.randn(400, generator=generator, dtype=torch.float64) + 0.08
    p = paired_bootstrap(a, torch.zeros(400), torch.arange(400)).p
    assert p == pytest.approx(stats.ttest_1samp(a.numpy(), 0.0).pvalue, rel=0.15, abs=0.01)
    with pytest.raises(ValueError, match=r"two independent units or more \(got 1\)"):
        paired_bootstrap(zero, zero, torch.zeros(20))
    with pytest.raises(ValueError, match="one length"):
        paired_bootstrap(zero, zero[1:], datasets)


def _in_scipy(a, b, datasets):
    """Return the 95 % interval by SciPy: sums and counts of whole datasets are drawn together."""
    _, cluster = np.unique(datasets, return_inverse=True)
    total, count = np.bincount(cluster, weights=a - b), np.bincount(cluster).astype(float)
    found = stats.bootstrap(
        (total, count),
        lambda total, count, axis=-1: total.sum(axis) / count.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=100_000,
        batch=1000,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    return found.confidence_interval


@pytest.mark.parametrize("datasets", [np.arange(60), np.arange(60) % 12, np.repeat(np.arange(8), range(4, 12))])
def test_paired_bootstrap_agrees_with_scipy(datasets):
    rng = np.random.default_rng(2)
    b = rng.random(len(datasets))
    a = b + 0.1 + rng.normal(0, 0.3, 60)[datasets]
    result = paired_bootstrap(*(torch.tensor(part) for part in (a, b, datasets)), num_samples=100_000)
    expected = _in_scipy(a, b, datasets)
    assert (result.lower, result.upper) == pytest.approx(tuple(expected), abs=0.005)
