"""A table for each collection and protocol: a row a method, its worst dataset, and what is significant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from pydantic import BaseModel

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.choosing import LIMITS, Asked, Limits
from zoograph.training.evaluation.collections.hiding import Question
from zoograph.training.evaluation.collections.judging import (
    HIGHER_IS_BETTER,
    gather,
    judge,
    mean_over_datasets,
    worst_datasets,
)
from zoograph.training.evaluation.collections.methods import Row
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.collections.significance import Judged, Versus, compare, coverage_interval
from zoograph.training.evaluation.methods import ABLATIONS
from zoograph.training.evaluation.table import PROJECT


class Line(BaseModel):
    """One method in a table.

    Attributes:
        method: its name.
        reason: why it has no numbers; None if it has.
        means: by measure, over datasets.
        worst: dataset and value, by measure.
        coverage_interval: 95 % interval of the coverage of all cells, over families of datasets.
        seconds: that all its answers took.
    """

    method: str
    reason: str | None = None
    means: dict[str, float] = {}
    worst: dict[str, tuple[str, float]] = {}
    coverage_interval: tuple[float, float] | None = None
    seconds: float = 0.0


class Table(BaseModel):
    """One collection under one protocol.

    Attributes:
        collection: its name.
        protocol: what is left out.
        reason: why there is no table; None if there is one.
        num_questions: that were asked.
        num_all: that there are.
        num_cells: asked, over all questions.
        num_datasets: that these lie on.
        num_families: of these datasets.
        num_models: asked.
        lines: a method each.
        comparisons: the project's method, or the best baseline, against the next.
    """

    collection: str
    protocol: str
    reason: str | None = None
    num_questions: int = 0
    num_all: int = 0
    num_cells: int = 0
    num_datasets: int = 0
    num_families: int = 0
    num_models: int = 0
    lines: list[Line] = []
    comparisons: list[Versus] = []


def questions_of(part: CollectionGraph, protocol: str, limits: Limits) -> Asked | str:
    """Return the questions of a protocol, or why it has none."""
    try:
        return PROTOCOLS[protocol](part, limits)
    except FoldsError as error:
        return str(error)


def make_table(
    run: CollectionRun,
    protocol: str,
    rows: Sequence[Row],
    limits: Limits = LIMITS,
    progress: Callable[[str], None] | None = None,
) -> Table:
    """Answer a protocol's questions by every method and judge the answers.

    A method that cannot learn from what a question leaves has a line that says so.
    """
    part = run.part
    asked = questions_of(part, protocol, limits)
    if isinstance(asked, str):
        return Table(collection=part.name, protocol=protocol, reason=asked)
    lines, judged = [], []
    for row in rows:
        if row.lacking is not None:
            lines.append(Line(method=row.name, reason=row.lacking))
            continue
        try:
            answers = run.answers(row, asked.questions, progress)
        except FoldsError as error:
            lines.append(Line(method=row.name, reason=str(error)))
            continue
        said = [(question, answer.prediction) for question, answer in zip(asked.questions, answers, strict=True)]
        judged.append(Judged(method=row.name, cells=gather(part, said), verdicts=judge(part, said)))
        lines.append(_line(part, judged[-1], sum(answer.seconds for answer in answers)))
    return Table(
        collection=part.name,
        protocol=protocol,
        num_questions=len(asked.questions),
        num_all=asked.in_all,
        lines=lines,
        comparisons=_comparisons(part, judged),
        **_counts(part, asked.questions),
    )


def _line(part: CollectionGraph, judged: Judged, seconds: float) -> Line:
    return Line(
        method=judged.method,
        means=mean_over_datasets(judged.verdicts),
        worst=worst_datasets(judged.verdicts),
        coverage_interval=coverage_interval(part, judged),
        seconds=seconds,
    )


def _counts(part: CollectionGraph, questions: Sequence[Question]) -> dict[str, int]:
    asked = torch.stack([question.asked for question in questions])
    models, datasets = (torch.unique(nodes) for nodes in part.graph[TRANSFERS_TO].edge_index[:, asked.any(0)])
    return {
        "num_cells": int(asked.sum()),
        "num_datasets": len(datasets),
        "num_families": len(torch.unique(part.graph[DATASET].group[datasets])),
        "num_models": len(models),
    }


def _comparisons(part: CollectionGraph, judged: Sequence[Judged]) -> list[Versus]:
    """Hold the project's method, or the best baseline, against the best other baseline, by each measure.

    The project's method is also held against itself without each of its parts.
    """
    project = next((each for each in judged if each.method == PROJECT), None)
    baselines = [each for each in judged if each.method not in {PROJECT, *ABLATIONS}]
    found = []
    for measure in ("pearson", "orders", "mae"):
        best = _best_first(baselines, measure)
        ours, others = (project, best[:1]) if project is not None else (best[0] if best else None, best[1:2])
        if ours is not None:
            others = [*others, *(each for each in judged if each.method in ABLATIONS and project is not None)]
            found += [versus for each in others for versus in compare(part, ours, each) if versus.measure == measure]
    return found


def _best_first(judged: Iterable[Judged], measure: str) -> list[Judged]:
    means = [(mean_over_datasets(each.verdicts).get(measure), each) for each in judged]
    known = [(value, each) for value, each in means if value is not None]
    sign = -1 if measure in HIGHER_IS_BETTER else 1
    return [each for _, each in sorted(known, key=lambda pair: sign * pair[0])]
