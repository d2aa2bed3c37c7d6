"""The synthetic hub: its shapes, its degrees, and that a seed gives the same bytes whatever the chunk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.data.testing import synthetic_hub
from zoograph.data.testing.synthetic_hub import Hub, make_synthetic_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    return make_synthetic_hub(tmp_path_factory.mktemp("hub"), 20_000, 2_000, 400_000)


def test_seven_of_ten_models_were_never_run_and_few_have_most_runs(hub: Hub) -> None:
    runs = np.bincount(hub.run_model, minlength=20_000)
    assert (runs == 0).mean() == pytest.approx(0.7, abs=0.01)
    assert len(hub.run_value) == pytest.approx(400_000, rel=0.1)
    assert np.sort(runs)[-200:].sum() > 0.3 * runs.sum()
    assert runs.max() <= 1_000


def test_a_pair_is_measured_once_and_runs_are_in_no_order(hub: Hub) -> None:
    pairs = hub.run_model.astype(np.int64) * 2_000 + hub.run_dataset
    assert len(np.unique(pairs)) == len(pairs)
    assert (np.diff(hub.run_model) < 0).mean() > 0.4


def test_popular_datasets_have_many_times_the_runs_of_others(hub: Hub) -> None:
    runs = np.sort(np.bincount(hub.run_dataset, minlength=2_000))
    assert runs[-20:].mean() > 4 * np.median(runs)


def test_models_come_from_earlier_ones_and_few_have_most_children(hub: Hub) -> None:
    derived = hub.parent >= 0
    assert derived.mean() == pytest.approx(0.6, abs=0.02)
    assert (hub.parent[derived] < np.flatnonzero(derived)).all()
    children = np.sort(np.bincount(hub.parent[derived], minlength=20_000))
    assert children[-1] > 50
    assert np.corrcoef(hub.skill[derived], hub.skill[hub.parent[derived]])[0, 1] == pytest.approx(0.8, abs=0.03)


def test_values_scatter_about_the_truth(hub: Hub) -> None:
    truth = hub.true_accuracies(hub.run_model, hub.run_dataset)
    assert np.abs(hub.run_value - truth).mean() < 0.03
    assert ((hub.run_value >= 0) & (hub.run_value <= 1)).all()


def test_true_logits_by_hand(hub: Hub) -> None:
    expected = 1 + hub.skill[3] - hub.hardness[5] + sum(float(hub.taste[3, k] * hub.appeal[5, k]) for k in range(4))
    assert hub.true_logits(np.array([3]), np.array([5]))[0] == pytest.approx(expected, abs=1e-5)


def test_a_seed_gives_the_same_hub_and_another_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_hub, "_RUNS_AT_ONCE", 500)
    told: list[tuple[int, int]] = []
    a, b, c = (
        make_synthetic_hub(tmp_path / name, 300, 60, 2_000, seed, lambda *n: told.append(n))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(a.skill, c.skill)
    assert told[0][0] < told[0][1] == len(a.run_value)
