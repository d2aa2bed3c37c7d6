"""Runs of one model that are off together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.models.method import Prediction
from zoograph.training.retraining.suspect_batches import (
    MIN_RUNS,
    Offset,
    find_offsets,
    half_width_residuals,
    least_offset,
)


def _runs(batch: str, model: str, residuals: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"batch": batch, "model": model, "residual": residuals})


def test_residuals_are_counted_in_half_widths_of_the_wider_side() -> None:
    mean, lower, upper = (
        torch.tensor(x) for x in ([0.5, 0.9, 0.9, 0.5, 0.2], [0.4, 0.7, 0.7, 0.5, 0.1], [0.6, 1, 1, 0.5, 0.3])
    )
    value = torch.tensor([0.55, 1.0, 0.5, 0.505, 0.9])
    found = half_width_residuals(Prediction(mean, lower, upper), value)
    assert found.tolist() == pytest.approx([0.5, 0.5, -2.0, 0.5, 3.0], abs=1e-5)


def test_more_runs_need_to_be_less_far_off_down_to_a_floor() -> None:
    assert least_offset(5) == pytest.approx(3.5 / math.sqrt(5))
    assert least_offset(16) == pytest.approx(0.875)
    assert least_offset(100) == least_offset(1000) == 0.75


def test_each_model_of_each_batch_is_looked_at_by_itself() -> None:
    runs = pd.concat(
        [
            _runs("b1", "up", [1.8] * 5),
            _runs("b1", "few", [3.0] * (MIN_RUNS - 1)),
            _runs("b1", "fine", [0.1, -0.2, 0.3, -0.1, 0.2]),
            _runs("b2", "up", [0.5] * 5),
            _runs("b2", "down", [-1.0] * 20),
            _runs("b2", "wild", [3.0, *([0.1] * 9)]),
        ],
        ignore_index=True,
    )
    found = find_offsets(runs)
    assert [one[:3] for one in found] == [("b1", "up", 5), ("b2", "down", 20)]
    assert [one.mean for one in found] == pytest.approx([1.8, -1.0])
    assert found[0] == Offset("b1", "up", 5, found[0].mean)


def test_what_scatters_as_it_should_is_never_found() -> None:
    """90 % of the residuals lie within one half-width: 1,000 models, 5 to 50 runs of each."""
    draw = np.random.default_rng(0)
    parts = [
        _runs("b", f"m{number}", list(draw.normal(0, 1 / 1.645, int(draw.integers(5, 51))))) for number in range(1_000)
    ]
    assert find_offsets(pd.concat(parts, ignore_index=True)) == []


def test_nothing_is_found_in_nothing() -> None:
    assert find_offsets(pd.DataFrame(columns=["batch", "model", "residual"])) == []
