"""Runs of one model that are off together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.models.method import Prediction
from zoograph.training.retraining import suspect_batches
from zoograph.training.retraining.comparison import HeldOutComparison
from zoograph.training.retraining.suspect_batches import (
    MIN_RUNS,
    Offset,
    find_offsets,
    find_suspects,
    half_width_residuals,
    least_offset,
)
from zoograph.training.versions.artifact import Artifact


def _runs(batch: str, model: str, residuals: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"batch": batch, "model": model, "num_runs": 1.0, "residual": residuals})


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
    assert find_offsets(_runs("b", "m", [])) == []


def test_many_small_batches_hide_no_bad_one(arrivals: Any, champion: Artifact) -> None:
    runs, batches = arrivals.shuffled()
    for number, place in enumerate(arrivals.late[60:]):
        batches.iloc[place] = f"single {number:02}"
    assert [
        suspect.batch for suspect in find_suspects(HeldOutComparison(champion, arrivals.material(runs, batches)))
    ] == ["bad"]


def test_what_no_model_is_singled_out_by_is_seen_by_what_it_does(
    arrivals: Any, champion: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspect_batches, "find_offsets", lambda _: [])
    (suspect,) = find_suspects(HeldOutComparison(champion, arrivals.material(*arrivals.shuffled())))
    assert suspect == ("bad", f"would make '{champion.manifest.version}' worse on what it knew")


@pytest.mark.parametrize(("shift", "num_runs"), [(0.3, 5), (-0.3, 5), (0.3, 10), (-0.2, 10)])
def test_a_few_runs_of_one_model_that_are_off_are_named(
    arrivals: Any, champion: Artifact, shift: float, num_runs: int
) -> None:
    """They are too few to move any held-out cell."""
    (suspect,) = find_suspects(HeldOutComparison(champion, arrivals.material(*arrivals.of_one_model(shift, num_runs))))
    assert suspect.batch == "bad"
    assert suspect.why.startswith(f"has {num_runs} runs of '")
    assert f" {'better' if shift > 0 else 'worse'} than '{champion.manifest.version}' expects, by " in suspect.why


def test_small_batches_of_one_model_that_are_as_they_should_be_are_not_suspect(
    arrivals: Any, champion: Artifact
) -> None:
    batches, late = arrivals.batches(), arrivals.zoo.runs.iloc[np.sort(arrivals.late)]
    batches.loc[late.index] = "of " + late["model"]
    assert (late["model"].value_counts() >= 5).sum() > 5
    assert find_suspects(HeldOutComparison(champion, arrivals.material(arrivals.zoo.runs, batches))) == ()
