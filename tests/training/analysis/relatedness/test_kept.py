"""Pairs that are kept: related once, and found again by model and target."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness import kept as module
from zoograph.training.analysis.relatedness.kept import find_kept, relate_once
from zoograph.training.analysis.relatedness.relate import QUICK, Relating, relate_tasks

NOISE = {"blurry": 6.0, "sharp": 0.0, "fair": 2.0}


def task(name: str, noise: float = 0.0, seed: int = 0, num_classes: int = 3) -> Task:
    centres = 3 * torch.randn(num_classes, 6, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(120) % num_classes
    features = centres[labels] + (1 + noise) * torch.randn(120, 6, generator=torch.Generator().manual_seed(seed))
    return Task(name, features[:60], labels[:60], features[60:], labels[60:])


def view(model: str) -> tuple[Task, Task]:
    return task("reference"), task("target", NOISE[model], seed=1)


def test_finished_pairs_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {model: relate_once(*view(model), QUICK, tmp_path, model) for model in list(NOISE)[:2]}
    calls = []

    def count(*given: object) -> object:
        calls.append(given)
        return relate_tasks(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "relate_tasks", count)
    second = {model: relate_once(*view(model), QUICK, tmp_path, model) for model in NOISE}
    assert len(calls) == 1
    for model, found in first.items():
        assert second[model].bound == found.bound
        assert second[model].seconds == found.seconds
        torch.testing.assert_close(second[model].chain.matrix, found.chain.matrix)
    relate_once(*view("fair"), Relating(samples=50), tmp_path, "fair")
    assert len(calls) == 2  # another way of relating is another file
    relate_once(*view("fair"), Relating(tau=0.5, samples=QUICK.samples), tmp_path, "fair")
    assert len(calls) == 3


def test_bounds_of_a_model_are_found_by_any_name_of_the_target_lowest_first(tmp_path: Path) -> None:
    totals = {}
    for reference in ("near", "far"):
        given = task(reference, noise=4.0 * (reference == "far")), task("target", seed=1)
        totals[reference] = relate_once(*given, QUICK, tmp_path, "mine").bound.total
    relate_once(*view("fair"), QUICK, tmp_path, "yours")
    (tmp_path / "other.safetensors").write_bytes(b"damaged")
    found = find_kept(tmp_path, "mine", {"target", "its path"})
    assert [(kept.reference, kept.bound.total) for kept in found] == sorted(totals.items(), key=lambda item: item[1])
    assert find_kept(tmp_path, "mine", {"another"}) == []


def test_a_damaged_file_is_computed_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = relate_once(*view("fair"), QUICK, tmp_path, "fair")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert relate_once(*view("fair"), QUICK, tmp_path, "fair").bound == found.bound
    assert "damaged and computed again" in caplog.text
