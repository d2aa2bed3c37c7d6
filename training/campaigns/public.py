"""The missing table: timm's weights on MIEB's datasets by MIEB's probe, each pair kept in a file of its own."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zoograph.data.collections.public.mieb_tasks import MiebTask, open_mieb_task
from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import replace_file
from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.networks.devices import find_device
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.training.executors.executor import Executor
from zoograph.training.executors.run import Tally, run_all
from zoograph.training.executors.work import Done, Resources, Work
from zoograph.training.runtime.progress import Progress

if TYPE_CHECKING:
    from zoograph.training.campaigns.probe import DrawnTask

_COLUMNS = tuple(name for name in Run.model_fields if name != "failure")


@dataclass(frozen=True)
class Pair:
    """One model on one dataset, as plain data: enough to measure it anywhere.

    Attributes:
        model: name of timm's weights.
        task: of MIEB.
        weights: a folder with a file for each model, or ``random``; None for the weights of the name.
        data: a folder with a folder for each dataset; None for the hub.
        device: where to compute.
    """

    model: str
    task: MiebTask
    weights: str | None = None
    data: str | None = None
    device: str | None = None


class KeptPairs:
    """The pairs that are measured, each in a file of a folder.

    Args:
        folder: made with the first pair.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, pair: Pair) -> Run | None:
        """Return the run of a pair; None if there is none, or a damaged one."""
        try:
            return Run.model_validate(load_facts(self._path(pair)))
        except (FileNotFoundError, ValueError, ValidationError):
            return None

    def keep(self, pair: Pair, run: Run) -> None:
        """Keep the run of a pair.

        Raises:
            OSError: if it cannot be written.
        """
        path = self._path(pair)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_facts(path, run.model_dump(mode="json", exclude_none=True))

    def runs(self, pairs: Sequence[Pair]) -> list[Run]:
        """Return the runs of those pairs that are measured, sorted by dataset and model."""
        found = [run for pair in pairs if (run := self.find(pair)) is not None]
        return sorted(found, key=lambda run: (run.dataset, run.model))

    def _path(self, pair: Pair) -> Path:
        drawn = "random" if pair.weights == "random" else "own" if pair.weights else "published"
        return self.folder / drawn / pair.task.dataset / f"{pair.model.replace(os.sep, '_')}.json"


def make_pairs(models: Sequence[str], tasks: Sequence[MiebTask], **where: Any) -> list[Pair]:
    """Return every model on every dataset, dataset by dataset: its images are listed and hashed once for all models."""
    return [Pair(model, task, **where) for task in tasks for model in models]


def measure_pairs(
    executor: Executor,
    pairs: Sequence[Pair],
    kept: KeptPairs,
    resources: Resources,
    progress: Progress | None = None,
    told: Callable[[Run], None] | None = None,
) -> Tally:
    """Measure the pairs that are not kept, and keep each as soon as it is there.

    Args:
        executor: that measures them.
        pairs: all that are wanted.
        kept: where runs are kept.
        resources: of each pair.
        progress: called with (pairs done, pairs to be done).
        told: called with each run that is kept.
    """
    waiting = [pair for pair in pairs if kept.find(pair) is None]
    works = [Work(f"{pair.model} on {pair.task.dataset}", measure_pair, pair, resources) for pair in waiting]

    def take(work: Work, done: Done) -> None:
        run = Run.model_validate(done.result)
        kept.keep(work.payload, run)
        if told is not None:
            told(run)

    _draw.cache_clear()  # what a path leads to may have changed since the last call
    return run_all(executor, works, take, progress, bugs_pass=False)


def measure_pair(pair: Pair, progress: Progress | None = None) -> dict[str, Any]:
    """Measure one pair, and return its run as plain data; nothing is stored but features."""
    from zoograph.data.networks.weights import load_pretrained
    from zoograph.training.campaigns.probe import REPEATS, SHOTS, probe

    drawn = _draw(pair.task, pair.data)
    model = load_pretrained(pair.model, pair.weights, alone=False)
    if pair.weights is None and model.card.id != pair.model:
        raise ZoographError(f"The name '{pair.model}' must load its own weights (got '{model.card.id}').")
    result = probe(model, drawn, find_device(pair.device), progress)
    run = Run(
        source=f"zoograph {version('zoograph')}, probe of MIEB",
        model=model.card.id,
        dataset=pair.task.dataset,
        protocol=Protocol.PROBE,
        metric=Metric.TOP1,
        value=round(result.mean, 6),
        train_size=result.num_train,
        test_size=result.num_test,
        shots=SHOTS,
        repeats=REPEATS,
        input_size=model.card.input_size,
        hyperparameters={
            "spread": round(result.spread, 5),
            "embedding": result.embedding,
            "weights": model.digest[:12],
            "images": drawn.task.digest[:12],
        },
    )
    return run.model_dump(mode="json", exclude_none=True)


def write_contribution(path: Path, runs: Sequence[Run]) -> None:
    """Write runs as one table that ``zoograph ingest`` reads.

    Raises:
        OSError: if it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(run) for run in runs)
    replace_file(path, text.getvalue())


def _cells(run: Run) -> Iterator[str]:
    for name in _COLUMNS:
        value = run.model_dump(mode="json")[name]
        if name == "hyperparameters":
            yield json.dumps(value, sort_keys=True)
        else:
            yield "" if value is None else str(value)


@lru_cache(maxsize=1)
def _draw(task: MiebTask, data: str | None) -> DrawnTask:
    from zoograph.training.campaigns.probe import draw

    return draw(open_mieb_task(task, data))
