"""Benchmarks: every method on the same folds, each answer kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.graphs.folds import Fold, make_split
from zoograph.training.evaluation.kept_answers import Answered, KeptAnswers
from zoograph.training.evaluation.methods import make_method
from zoograph.training.runtime.threads import one_thread

Progress = Callable[[str], None]


def run_benchmark(
    graph: HeteroData,
    folds: Iterable[Fold],
    methods: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
) -> list[Answered]:
    """Answer every fold by every method, reading what an earlier run has kept.

    Args:
        graph: with all records.
        folds: questions.
        methods: names for :func:`make_method`.
        folder: where answers are kept, a file each.
        progress: told the method before each answer.

    Raises:
        FoldsError: if a fold leaves a method too little to learn from.
    """
    kept = KeptAnswers(folder, graph)
    answers = []
    for name in methods:
        for fold in folds:
            if progress is not None:
                progress(name)
            key = kept.key(name, make_method(name), fold)
            answer = kept.read(key, name, fold)
            if answer is None:
                answer = answer_fold(graph, name, fold)
                kept.write(key, answer)
            answers.append(answer)
    return answers


@one_thread()
def answer_fold(graph: HeteroData, name: str, fold: Fold) -> Answered:
    """Return what a method says on a fold, worked out now.

    Raises:
        FoldsError: if the fold leaves it too little to learn from.
    """
    split = make_split(graph, fold)
    start = time.perf_counter()
    try:
        fitted = make_method(name).fit(split.train)
    except ValueError as error:
        raise FoldsError(f"The method '{name}' cannot learn from what fold '{fold.name}' leaves. {error}") from error
    prediction = fitted.predict(split.pairs)
    return Answered(name, fold, prediction, time.perf_counter() - start)
