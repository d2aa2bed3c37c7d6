"""The regression finds what was put in, and its intervals are statsmodels' own."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.studies.distance.regression import PUBLISHED, regress


def _table(rows: int = 200, noise: float = 0.1) -> pd.DataFrame:
    random = np.random.default_rng(0)
    columns = {name: random.normal(size=rows) for name in ("gap", "spread", "log_images")}
    table = pd.DataFrame({**columns, "model": np.arange(rows) % 4, "family": np.arange(rows) // 5 % 8}).astype(
        {"model": str, "family": str}
    )
    level = table["model"].astype(int)
    table["log_t"] = level - 0.1 * table["gap"] + 0.4 * table["spread"] - 0.8 * table["log_images"]
    table["log_t"] += noise * random.normal(size=rows)
    return table


def test_coefficients_are_for_a_standard_deviation() -> None:
    table = _table(noise=0.0)
    table["gap"] = 1000 * table["gap"] + 7  # the unit does not count
    found = regress(table, "all")
    spreads = [table["gap"].std() / 1000, table["spread"].std(), table["log_images"].std()]
    expected = np.array([-0.1, 0.4, -0.8]) * spreads
    assert [one.value for one in found.coefficients] == pytest.approx(expected.tolist())
    assert found.within == pytest.approx(1)
    assert (found.num_pairs, found.num_models, found.num_clusters) == (200, 4, 8)
    means = {row.name: row.value for row in found.weaker_than}
    assert means == pytest.approx({"spread": expected[1] + expected[0], "log_images": -expected[2] + expected[0]})


def test_the_intercept_is_the_mean_of_log_t() -> None:
    table = _table()
    assert regress(table).intercept == pytest.approx(table.groupby("model")["log_t"].mean().mean(), abs=0.02)


def test_intervals_against_the_sandwich_by_hand() -> None:
    table = _table(noise=0.5)
    found = regress(table)
    scaled = table[["gap", "spread", "log_images"]]
    scaled = (scaled - scaled.mean()) / scaled.std()
    design = np.column_stack([scaled, pd.get_dummies(table["model"], dtype=float)])
    bread = np.linalg.inv(design.T @ design)
    errors = table["log_t"].to_numpy() - design @ bread @ design.T @ table["log_t"].to_numpy()
    meat = np.zeros_like(bread)
    for family in table["family"].unique():
        own = (table["family"] == family).to_numpy()
        score = design[own].T @ errors[own]
        meat += np.outer(score, score)
    n, k, groups = len(table), design.shape[1], 8
    covariance = bread @ meat @ bread * groups / (groups - 1) * (n - 1) / (n - k)
    from scipy.stats import t

    reach = t.ppf(0.975, groups - 1) * np.sqrt(np.diag(covariance))[:3]
    assert [one.upper - one.value for one in found.coefficients] == pytest.approx(reach.tolist())
    contrast = np.array([1, 1, 0, 0, 0, 0, 0])  # |spread| less |gap|, at their signs
    reach = t.ppf(0.975, groups - 1) * np.sqrt(contrast @ covariance @ contrast)
    assert found.weaker_than[0].upper - found.weaker_than[0].value == pytest.approx(reach)


@pytest.mark.parametrize("change", [{"gap": 1.0}, {"family": "one"}])
def test_what_cannot_be_regressed(change: dict[str, Any]) -> None:
    with pytest.raises(ZoographError, match="Measure more pairs"):
        regress(_table().assign(**change))
    with pytest.raises(ZoographError, match="got 6 pairs, 7 unknowns"):
        regress(_table(6))


def test_without_statsmodels_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def guarded(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", guarded)
    with pytest.raises(ZoographError, match=r"pip install 'statsmodels>=0\.14'"):
        regress(_table())


def test_the_published_coefficients_say_that_the_gap_matters_least() -> None:
    assert all(abs(row.coefficients[0]) < min(map(abs, row.coefficients[1:])) for row in PUBLISHED)
