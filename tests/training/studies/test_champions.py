"""The simulation of the champion rule: two draws, kept, and summed up."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.training.studies.champions import Trial, simulate, summarise


def test_a_noisy_batch_is_kept_aside_and_a_repeat_is_not(tmp_path: Path) -> None:
    begun: list[str] = []
    trials = simulate(tmp_path, draws=1, kinds=("noisy", "repeat"), begin=begun.append)
    noisy, repeat = trials
    assert (noisy.kind, noisy.promoted) == ("noisy", False)
    assert noisy.challenger > 1.1 * noisy.champion  # it would have added a tenth or more
    assert (repeat.kind, repeat.promoted, repeat.suspected) == ("repeat", True, False)
    assert repeat.challenger == pytest.approx(repeat.champion, rel=0.05)
    assert begun == ["noisy, zoo 1", "repeat, zoo 1"]
    assert simulate(tmp_path, draws=1, kinds=("noisy", "repeat"), begin=begun.append) == trials
    assert len(begun) == 2  # what is kept is not done again


def test_summary_by_hand() -> None:
    trials = [
        Trial(0, "noisy", True, False, 0.02, 0.03),
        Trial(1, "noisy", False, True, 0.02, 0.05),
        Trial(0, "good", False, False, 0.02, 0.01),
    ]
    noisy, good = summarise(trials)
    assert (noisy.trials, noisy.promoted, noisy.suspected) == (2, 1, 1)
    assert (noisy.added, noisy.added_if_all) == (pytest.approx(0.5), pytest.approx(1.0))
    assert (good.promoted, good.added, good.added_if_all) == (0, None, pytest.approx(-0.5))
