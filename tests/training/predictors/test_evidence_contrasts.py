"""Contrasts between models are as uncertain as makes stated regrets true."""

from __future__ import annotations

import pytest
import torch

from zoograph.models.conformal import KNOWN, NEW_DATASET
from zoograph.training.predictors.evidence_contrasts import calibrated_contrasts, scaled_contrasts
from zoograph.training.predictors.left_out import LeftOut

HEAD, TUNED = 3, 4
NEW = NEW_DATASET
K = 8


def _block(truth: float, stated: float, family: int, situation: int, seed: int, chance: float = 0.1) -> LeftOut:
    """Return k models of one dataset: they deviate by ``truth``, where the covariance says ``stated``; levels by 1."""
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(K, generator=generator, dtype=torch.float64) * 0.5
    level, deviation = torch.randn(1, generator=generator).double(), torch.randn(K, generator=generator).double()
    covariance = 1.0 + stated**2 * torch.eye(K).double()
    dataset = torch.full((K,), seed)
    logit = mean + level + truth * deviation
    return LeftOut(
        situation,
        logit,
        mean,
        covariance,
        torch.full((K,), 1e-6).double(),
        torch.full((K,), chance).double(),
        dataset,
        torch.full((K,), family),
    )


def _many(truth: float, stated: float, situation: int, number: int = 1_000) -> list[LeftOut]:
    return [_block(truth, stated, seed, situation, seed) for seed in range(number)]


@pytest.mark.parametrize(("truth", "stated"), [(0.5, 0.5), (0.4, 0.8), (0.8, 0.7)])
def test_contrasts_that_are_too_wide_are_shrunk_by_as_much_and_narrow_ones_stay(truth: float, stated: float) -> None:
    parts = [*_many(truth, stated, KNOWN), *_many(truth, stated, NEW)]
    assert calibrated_contrasts({HEAD: parts}) == pytest.approx([min(1.0, truth / stated)] * 2, rel=0.1)


def test_each_situation_has_its_own_factor_and_rankings_are_of_every_protocol() -> None:
    left_out = {
        HEAD: [*_many(0.6, 0.6, KNOWN), *_many(0.6, 0.6, NEW)],
        TUNED: [*_many(0.6, 0.6, KNOWN), *_many(0.2, 0.6, NEW)],
    }
    known, new = calibrated_contrasts(left_out)
    assert known == pytest.approx(1.0, rel=0.1)
    assert 0.4 < new < 0.9
    left_out[TUNED] = [*_many(0.2, 0.6, KNOWN), *_many(0.2, 0.6, NEW)]
    assert 0.4 < calibrated_contrasts(left_out)[0] < 0.9


def test_known_pairs_are_never_held_for_surer_than_new_ones() -> None:
    known, new = calibrated_contrasts({HEAD: [*_many(0.2, 0.8, KNOWN), *_many(0.6, 0.8, NEW)]})
    assert new == pytest.approx(0.75, rel=0.1)
    assert known == new


def test_families_count_alike_however_many_datasets_they_have() -> None:
    """One family of 400 datasets deviates as stated, eight of 20 each by a quarter of it."""
    large = [_block(0.8, 0.8, 1_000, NEW, seed) for seed in range(400)]
    small = [_block(0.2, 0.8, seed % 8, NEW, seed) for seed in range(160)]
    assert calibrated_contrasts({HEAD: [*large, *small]})[1] < 0.6


@pytest.mark.parametrize("number", [0, 7])
def test_too_few_families_teach_nothing(number: int) -> None:
    assert calibrated_contrasts({HEAD: _many(0.1, 0.9, NEW, number)}) == [1.0, 1.0]


def test_scaling_moves_deviations_and_leaves_their_mean() -> None:
    root = torch.randn(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    covariance = root @ root.t()
    scale = 0.3 * torch.eye(5).double() + 0.7 / 5
    found = scaled_contrasts(covariance, torch.full((5,), 0.3).double())
    assert torch.allclose(found, scale @ covariance @ scale.t())
    assert found.mean() == pytest.approx(covariance.mean().item())
    contrast = torch.tensor([1.0, -1.0, 0.0, 0.0, 0.0]).double()
    assert contrast @ found @ contrast == pytest.approx(0.09 * (contrast @ covariance @ contrast).item())
    assert torch.equal(scaled_contrasts(covariance, torch.ones(5).double()), covariance)


def test_each_deviation_is_scaled_by_its_own_factor() -> None:
    root = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    factor = torch.tensor([0.2, 1.0, 0.5, 0.8]).double()
    scale = factor.diag() + (1 - factor)[:, None] / 4
    assert torch.allclose(scaled_contrasts(root @ root.t(), factor), scale @ root @ root.t() @ scale.t())
