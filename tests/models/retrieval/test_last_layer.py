"""The last layer's posterior: by hand, against brute force over all unknowns, and variances that are found again."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from zoograph.models.retrieval.last_layer import (
    Evidence,
    Variances,
    dataset_shift,
    fit_variances,
    judge,
    model_shifts,
)

VARIANCES = Variances(
    torch.tensor([0.5, 0.4, 0.3, 0.2, 0.1, 0.05]).double(), torch.tensor([0.3, 0.2, 0.1, 0.1, 0.1, 0.01]).double(), 0.1
)


def _pairs(models: list[int], datasets: list[int], residual: Tensor | None = None, seed: int = 0) -> Evidence:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(100, 3, generator=generator, dtype=torch.float64)
    n = len(models)
    model, dataset = torch.tensor(models), torch.tensor(datasets)
    residual = torch.randn(n, generator=generator).double() if residual is None else residual
    return Evidence(model, dataset, vectors[model], residual, torch.full((n,), 0.05).double(), model % 7, dataset * 5)


def test_one_run_by_hand() -> None:
    run = _pairs([1], [0], torch.tensor([0.8]).double())
    square = float(run.vectors.square().sum())
    signal = 0.5 * square + 0.2  # of a new dataset, and a model with a visible run
    judged = judge(run, run, VARIANCES)
    assert judged.shift.item() == pytest.approx(0.8 * signal / (signal + 0.15))
    assert judged.variance.item() == pytest.approx(signal - signal**2 / (signal + 0.15))
    assert model_shifts(run, VARIANCES).item() == pytest.approx(0.8 * 0.2 / (signal + 0.15))


def test_nothing_known_leaves_the_prior() -> None:
    asked = _pairs([4, 5], [1, 1])
    judged = judge(asked, asked.at(torch.zeros(0, dtype=torch.long)), VARIANCES)
    assert judged.shift.tolist() == [0, 0]
    expected = 0.3 * asked.vectors.square().sum(1) + torch.tensor([0.1, 0.1])  # 5 visible runs; 4 and 5 of models
    torch.testing.assert_close(judged.variance, expected)


def test_it_is_the_posterior_over_all_unknowns() -> None:
    known, asked = _pairs([1, 2, 3, 8, 9], [0, 0, 1, 1, 2]), _pairs([1, 8, 40], [0, 0, 0])
    unknowns = [*((d, k) for d in range(3) for k in range(3)), *range(100)]
    design = {name: torch.zeros(len(part.models), len(unknowns)).double() for name, part in _named(known, asked)}
    for name, part in _named(known, asked):
        for row, (m, d) in enumerate(zip(part.models.tolist(), part.datasets.tolist(), strict=True)):
            design[name][row, 3 * d : 3 * d + 3] = part.vectors[row]
            design[name][row, 9 + m] = 1
    of_dataset = VARIANCES.dataset[torch.tensor([0, 2, 3])].repeat_interleave(3)
    classes = torch.bucketize(torch.arange(100) % 7, torch.tensor([1, 3, 10, 30, 100]), right=True)
    precision = torch.diag(1 / torch.cat([of_dataset, VARIANCES.model[classes]]))
    noise = known.noise + VARIANCES.run
    posterior = torch.linalg.inv(precision + design["known"].t() @ torch.diag(1 / noise) @ design["known"])
    mean = posterior @ design["known"].t() @ (known.residual / noise)
    judged = judge(asked, known, VARIANCES)
    torch.testing.assert_close(judged.shift, design["asked"] @ mean)
    torch.testing.assert_close(judged.variance, (design["asked"] @ posterior @ design["asked"].t()).diagonal())


def _named(known: Evidence, asked: Evidence) -> tuple[tuple[str, Evidence], tuple[str, Evidence]]:
    return ("known", known), ("asked", asked)


def test_a_dataset_moves_by_what_an_unmeasured_model_would() -> None:
    known = _pairs([1, 2, 3, 4], [0, 0, 0, 0])
    asked = _pairs([50], [0])
    shift = dataset_shift(known, VARIANCES)
    torch.testing.assert_close(asked.vectors @ shift, judge(asked, known, VARIANCES).shift)


def test_variances_are_found_again() -> None:
    generator = torch.Generator().manual_seed(3)
    num_datasets, runs = 60, 40
    n = num_datasets * runs
    dataset = torch.arange(num_datasets).repeat_interleave(runs)
    vectors = torch.randn(n, 4, generator=generator).double()
    visible = torch.where(torch.arange(n) % 2 == 0, 0, 500)
    own = torch.where(visible == 0, 0.5, 0.0).sqrt() * torch.randn(n, generator=generator)
    moved = 0.2**0.5 * torch.randn(num_datasets, 4, generator=generator).double()
    residual = (vectors * moved[dataset]).sum(1) + own + 0.1**0.5 * torch.randn(n, generator=generator)
    none = torch.zeros(n).double()
    found = fit_variances(Evidence(torch.arange(n), dataset, vectors, residual, none, visible, torch.full((n,), 20)))
    assert found.dataset[3].item() == pytest.approx(0.2, rel=0.25)
    assert found.run == pytest.approx(0.1, rel=0.15)
    assert found.model[0].item() == pytest.approx(0.5, rel=0.15)
    assert found.model[5].item() < 0.01
