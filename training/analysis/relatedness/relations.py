"""Task-relatedness between datasets under one model, as relations of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from zoograph.data.records.records import Relation
from zoograph.graphs.scores.relatedness.tasks import Task, prepare
from zoograph.training.analysis.relatedness.kept import relate_once
from zoograph.training.analysis.relatedness.relate import QUICK, Relating

RELATION = "task_relatedness"


def relation_name(model: str) -> str:
    """Return the name of the relation under one model: under different ones its values do not compare."""
    return f"{RELATION}[{model}]"


def relate(
    tasks: Mapping[str, Task], model: str, source: str, how: Relating = QUICK, folder: Path | None = None
) -> list[Relation]:
    """Return the relation ``task_relatedness[model]`` of all pairs of datasets.

    Its value is the bound in nats with one dataset as the reference of the other, lower is closer; the mean of
    both ways if both have equally many classes, else the way from the one with more classes.

    Args:
        tasks: dataset -> its features under ``model``, and its labels.
        model: whose features they are.
        source: of the records.
        how: tasks are related.
        folder: where finished pairs are kept; None keeps nothing.

    Raises:
        RelatednessError: see :func:`zoograph.training.analysis.relatedness.relate.relate_tasks`.
    """
    sizes = {name: prepare(task).num_classes for name, task in tasks.items()}
    relations = []
    for one, other in combinations(sorted(tasks), 2):
        ways = [(a, b) for a, b in ((one, other), (other, one)) if sizes[a] >= sizes[b] * how.per_class]
        bounds = [relate_once(tasks[a], tasks[b], how, folder, model).bound.total for a, b in ways]
        if bounds:
            value = float(f"{sum(bounds) / len(bounds):.6g}")
            relations.append(Relation(source=source, dataset=one, other=other, name=relation_name(model), value=value))
    return relations
