"""Relations between datasets under a model."""

from __future__ import annotations

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness.relate import relate_tasks
from zoograph.training.analysis.relatedness.relations import relate


def task(name: str, noise: float = 0.0, seed: int = 0, num_classes: int = 3) -> Task:
    centres = 3 * torch.randn(num_classes, 6, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(120) % num_classes
    features = centres[labels] + (1 + noise) * torch.randn(120, 6, generator=torch.Generator().manual_seed(seed))
    return Task(name, features[:60], labels[:60], features[60:], labels[60:])


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
