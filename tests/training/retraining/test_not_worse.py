"""What has to be shown of errors and intervals: by hand, and over many draws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from zoograph.models.method import Prediction
from zoograph.training.retraining.not_worse import (
    COVERAGE_MARGIN,
    ERROR_MARGIN,
    LEAST_ERROR_MARGIN,
    check_error,
    check_intervals,
)

FAMILIES = torch.arange(30).repeat_interleave(8)
TARGET = torch.full((240,), 0.5)


def say(errors: Tensor, half: float = 0.1) -> Prediction:
    mean = TARGET + errors
    return Prediction(mean, mean - half, mean + half)


def test_the_margin_is_a_share_of_the_champions_error() -> None:
    old = say(torch.full((240,), 0.04))
    found = check_error(say(torch.full((240,), 0.0411)), old, TARGET, FAMILIES, "here")
    assert found.margin == pytest.approx(ERROR_MARGIN * 0.04)
    assert found.found.difference == pytest.approx(0.0011, abs=1e-6)
    assert found.found.num_units == 30
    assert found.holds
    assert not check_error(say(torch.full((240,), 0.0413)), old, TARGET, FAMILIES, "here").holds
    assert found.sentence == "error here +0.0011 (+0.0011 to +0.0011, 95 % over 30 families of datasets)"


def test_a_small_difference_of_small_errors_is_none() -> None:
    old, new = say(torch.full((240,), 0.002)), say(torch.full((240,), 0.0022))
    found = check_error(new, old, TARGET, FAMILIES, "here")
    assert found.margin == LEAST_ERROR_MARGIN
    assert found.found.lower > 0  # found to be worse, by what nobody minds
    assert found.holds


def test_what_is_not_found_worse_is_not_thereby_shown_to_be_as_good() -> None:
    generator = torch.Generator().manual_seed(0)
    old = say(torch.full((240,), 0.04))
    noise = 0.03 * torch.randn(30, generator=generator)
    new = say(0.04 + (noise - noise.mean())[FAMILIES])
    found = check_error(new, old, TARGET, FAMILIES, "here")
    assert found.found.lower < 0 < found.found.upper
    assert not found.holds


def test_tasks_of_a_family_are_one_unit() -> None:
    generator = torch.Generator().manual_seed(1)
    old, shift = say(torch.full((240,), 0.04)), 0.006 * torch.randn(30, generator=generator)
    new = say(0.04 + (shift - shift.mean())[FAMILIES])
    by_family = check_error(new, old, TARGET, FAMILIES, "").found
    by_cell = check_error(new, old, TARGET, torch.arange(240), "").found
    assert by_family.upper > 2 * by_cell.upper


def test_thirty_noisy_challengers_add_nothing_but_thirty_repeats_pass() -> None:
    """Each is truly worse by 4 to 20 %, and so noisy that not being found worse was enough for many."""
    generator = torch.Generator().manual_seed(2)
    not_found_worse, taken, repeats = 0, 0, 0
    for worse in torch.linspace(0.04, 0.2, 30).tolist():
        base = 0.04 * torch.randn(240, generator=generator)
        shift = 0.3 * torch.randn(30, generator=generator)[FAMILIES]
        found = check_error(say(base * (1 + worse + shift)), say(base), TARGET, FAMILIES, "")
        not_found_worse += found.found.lower <= 0
        taken += found.holds
        again = base + 0.0005 * torch.randn(240, generator=generator) + 0.0002 * base.sign()
        repeats += check_error(say(again), say(base), TARGET, FAMILIES, "").holds
    assert not_found_worse >= 10
    assert taken == 0
    assert repeats == 30


def test_narrow_intervals_that_miss_are_worse_and_wide_ones_too() -> None:
    generator = torch.Generator().manual_seed(3)
    errors = 0.04 * torch.randn(240, generator=generator)
    good, narrow, wide = (say(errors, half) for half in (0.066, 0.03, 0.12))
    score, coverage = check_intervals(narrow, good, TARGET, FAMILIES, "")
    assert not score.holds
    assert not coverage.holds
    assert coverage.found.difference > 0.2
    score, coverage = check_intervals(wide, good, TARGET, FAMILIES, "")
    assert not score.holds
    assert coverage.holds
    assert all(check.holds for check in check_intervals(good, good, TARGET, FAMILIES, ""))


def test_intervals_that_hold_too_much_may_become_narrower() -> None:
    generator = torch.Generator().manual_seed(4)
    errors = 0.04 * torch.randn(240, generator=generator)
    score, coverage = check_intervals(say(errors, 0.07), say(errors, 0.15), TARGET, FAMILIES, "")
    assert score.holds
    assert coverage.holds
    assert coverage.margin == COVERAGE_MARGIN
    assert coverage.found.difference < 0.02
