"""Models ranked by relatedness, pairs that are kept, and relations between datasets."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness import kept as module
from zoograph.training.analysis.relatedness.kept import rank_models, relate_once
from zoograph.training.analysis.relatedness.relate import QUICK, Relating, relate_tasks
from zoograph.training.analysis.relatedness.relations import relate

NOISE = {"blurry": 6.0, "sharp": 0.0, "fair": 2.0}


def task(name: str, noise: float = 0.0, seed: int = 0, num_classes: int = 3) -> Task:
    centres = 3 * torch.randn(num_classes, 6, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(120) % num_classes
    features = centres[labels] + (1 + noise) * torch.randn(120, 6, generator=torch.Generator().manual_seed(seed))
    return Task(name, features[:60], labels[:60], features[60:], labels[60:])


def view(model: str) -> tuple[Task, Task]:
    return task("reference"), task("target", NOISE[model], seed=1)


def test_the_model_with_the_lowest_bound_comes_first() -> None:
    begun: list[str] = []
    ranked = rank_models(list(NOISE), view, begin=begun.append)
    assert [one.model for one in ranked] == ["sharp", "fair", "blurry"]
    assert begun == list(NOISE)


def test_finished_pairs_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rank_models(list(NOISE)[:2], view, folder=tmp_path)
    calls = []

    def count(*given: object) -> object:
        calls.append(given)
        return relate_tasks(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "relate_tasks", count)
    second = rank_models(list(NOISE), view, folder=tmp_path)
    assert len(calls) == 1
    kept = {one.model: one.relatedness for one in second}
    for one in first:
        assert kept[one.model].bound == one.relatedness.bound
        assert kept[one.model].seconds == one.relatedness.seconds
        torch.testing.assert_close(kept[one.model].chain.matrix, one.relatedness.chain.matrix)
    relate_once(*view("fair"), Relating(samples=50), tmp_path, "fair")
    assert len(calls) == 2  # another way of relating is another file


def test_a_damaged_file_is_computed_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = relate_once(*view("fair"), QUICK, tmp_path, "fair")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert relate_once(*view("fair"), QUICK, tmp_path, "fair").bound == found.bound
    assert "damaged and computed again" in caplog.text


def test_relations_are_symmetric_stored_once_and_smaller_for_datasets_that_are_alike() -> None:
    tasks = {"a": task("a"), "b": task("b", seed=1), "c": task("c", noise=8, seed=2), "d": task("d", num_classes=2)}
    relations = relate(tasks, "encoder", "here")
    value = {(one.dataset, one.other): one.value for one in relations}
    assert list(value) == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    assert {one.name for one in relations} == {"task_relatedness[encoder]"}
    assert value["a", "b"] < min(value["a", "c"], value["b", "c"])
    ways = [relate_tasks(tasks[x], tasks[y]).bound.total for x, y in (("a", "b"), ("b", "a"))]
    assert value["a", "b"] == pytest.approx(sum(ways) / 2, rel=1e-5)
    assert value["a", "d"] == pytest.approx(relate_tasks(tasks["a"], tasks["d"]).bound.total, rel=1e-5)
