"""Benchmarks: every method on the same folds, each answer kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.data.files.atomic import replace_file
from zoograph.graphs.folds import Fold, make_split
from zoograph.models.method import Prediction
from zoograph.training.evaluation import methods
from zoograph.training.evaluation.methods import make_method
from zoograph.training.runtime.threads import one_thread

# Part of the key of every kept answer: raise it when a method's answers change.
ANSWERS_VERSION = 1
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Answered:
    """What one method said on one fold.

    Attributes:
        method: its name.
        fold: the question.
        prediction: of the asked cells, in the order of :func:`make_split`.
        seconds: fitting and predicting took.
    """

    method: str
    fold: Fold
    prediction: Prediction
    seconds: float


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
    folder.mkdir(parents=True, exist_ok=True)
    data = graph_fingerprint(graph)
    answers = []
    for method in methods:
        for fold in folds:
            if progress is not None:
                progress(method)
            path = folder / f"{_key(data, fold, method)}.safetensors"
            answer = _read(path, method, fold)
            if answer is None:
                answer = _answer(graph, method, fold)
                _write(path, answer)
            answers.append(answer)
    return answers


def graph_fingerprint(graph: HeteroData) -> str:
    """Return SHA-256 over every tensor of a graph."""
    digest = hashlib.sha256()
    for store in graph.stores:
        for key, value in sorted(store.items(), key=lambda item: str(item[0])):
            if isinstance(value, Tensor):
                digest.update(key.encode())
                digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


@one_thread()
def _answer(graph: HeteroData, method: str, fold: Fold) -> Answered:
    split = make_split(graph, fold)
    start = time.perf_counter()
    try:
        fitted = make_method(method).fit(split.train)
    except ValueError as error:
        raise FoldsError(f"The method '{method}' cannot learn from what fold '{fold.name}' leaves. {error}") from error
    prediction = fitted.predict(split.pairs)
    return Answered(method, fold, prediction, time.perf_counter() - start)


def _key(data: str, fold: Fold, method: str) -> str:
    masks = hashlib.sha256(fold.held_out.numpy().tobytes() + fold.asked.numpy().tobytes()).hexdigest()
    config = getattr(methods.make_method(method), "config", None)
    configured = [] if config is None else [config.model_dump(mode="json")]
    text = json.dumps([ANSWERS_VERSION, data, masks, method, *configured])
    return f"{method}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _write(path: Path, answer: Answered) -> None:
    content = save(
        {name: part.contiguous() for name, part in zip(Prediction._fields, answer.prediction, strict=True)},
        metadata={"seconds": str(answer.seconds)},
    )
    replace_file(path, content)


def _read(path: Path, method: str, fold: Fold) -> Answered | None:
    """Return a kept answer; a file that was cut short counts as none."""
    try:
        with safe_open(path, "pt") as file:
            prediction = Prediction(*(file.get_tensor(name) for name in Prediction._fields))
            seconds = float(file.metadata()["seconds"])
    except (FileNotFoundError, SafetensorError, KeyError, ValueError):
        return None
    if len(prediction.mean) != int(fold.asked.sum()):
        return None
    return Answered(method, fold, prediction, seconds)
