"""Ensembles of small source models, each pre-trained on a part of the source, and their transfer to targets."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoograph.data.files.rows import RowStore
from zoograph.data.home import make_home
from zoograph.training.analysis.influence.jobs import OUTCOMES, train_block, transfer_block
from zoograph.training.analysis.influence.members import Members, count_units, random_members
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.analysis.influence.small_tasks import SmallTask
from zoograph.training.runtime.processes import Submit, workers

Tell = Callable[[str, int, int], None]
"""Called with the name of a kind of work, what is done of it, and how much there is, in groups of models."""

GROUPS = {"cpu": 16, "cuda": 200}
"""Models that are trained at once, by type of device."""

_MEASURED_STEPS = 20


@dataclass(frozen=True, eq=False)
class EnsembleRunner:
    """Where models are trained.

    Attributes:
        folder: holds the images and the models.
        submit: begins a call, here or in a process of its own, see :func:`zoograph.training.runtime.processes.workers`.
        device: where to compute.
        tell: see :data:`Tell`.
    """

    folder: Path
    submit: Submit
    device: str = "cpu"
    tell: Tell = lambda name, done, total: None

    @property
    def tasks(self) -> Path:
        """Folder of the images."""
        return self.folder / "tasks"

    @property
    def group(self) -> int:
        """Models that are trained at once in one process."""
        return GROUPS.get(torch.device(self.device).type, GROUPS["cuda"])

    def seconds_per_model(self, source: SmallTask, recipe: Recipe, group: int | None = None) -> float:
        """Measure a few steps of one group, and return the seconds that the training of one model comes to.

        On the CPU these are seconds of one core, whatever else runs; elsewhere they are seconds on the clock.

        Args:
            source: what is trained on.
            recipe: of the models.
            group: models at once; None for what is usual on the device.
        """
        clock = time.process_time if torch.device(self.device).type == "cpu" else time.perf_counter
        size = group or self.group
        members = random_members(len(source.classes), size)
        path, taken = source.save(self.tasks), []
        for steps in (1, 1, 1 + _MEASURED_STEPS):  # the first call warms up, and the second is what is no step
            few = replace(recipe, schedule=replace(recipe.schedule, steps=steps))
            started = clock()
            train_block(path, "class", few, self.device, members)
            taken.append(clock() - started)
        return max(taken[2] - taken[1], 0.0) / size * recipe.schedule.steps / _MEASURED_STEPS

    def random_ensemble(
        self, source: SmallTask, count: int, unit: str = "class", recipe: Recipe | None = None, seed: int = 0
    ) -> Ensemble:
        """Return ``count`` models that see a random half of the units each; the first of more are the same ones."""
        recipe = recipe or Recipe()
        members = random_members(count_units(source, unit), count, seed=seed)
        return self._ensemble(source, unit, members, recipe, ["random half", seed])

    def given_ensemble(
        self, source: SmallTask, members: Members, unit: str = "class", recipe: Recipe | None = None
    ) -> Ensemble:
        """Return the models that see just these units."""
        what = [np.packbits(members.keep).tobytes().hex(), list(members.keep.shape), list(members.seeds)]
        return self._ensemble(source, unit, members, recipe or Recipe(), what)

    def _ensemble(
        self, source: SmallTask, unit: str, members: Members, recipe: Recipe, what: Sequence[Any]
    ) -> Ensemble:
        name = digest_of([source.digest, list(source.classes), unit, recipe.pretraining(), *what])
        return Ensemble(source, unit, members, recipe, self.folder / "models" / name, self)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Models of one source, and the folder that keeps them.

    Attributes:
        source: what they are pre-trained on; every network has outputs for all of its classes.
        unit: ``class`` or ``example``.
        members: the models.
        recipe: of all of them.
        folder: of these models; there can be more of them in it than asked for.
        lab: where the work is done.
    """

    source: SmallTask
    unit: str
    members: Members
    recipe: Recipe
    folder: Path
    lab: EnsembleRunner

    def train(self) -> RowStore:
        """Train what is not trained yet; return ``weights`` and the source ``accuracy`` on held-out images."""
        count = sum(parameter.numel() for parameter in self.recipe.create(len(self.source.classes)).parameters())
        store = RowStore(self.folder / "models", {"weights": (count,), "accuracy": ()}, len(self.members.seeds))
        common = (self.source.save(self.lab.tasks), self.unit, self.recipe, self.lab.device)
        work = [(train_block, *common, self._members(rows)) for rows in self._blocks(store)]
        self._fill(store, work, f"train on {self.source.id}")
        return store

    def transfer(self, target: SmallTask) -> RowStore:
        """Transfer what is not transferred yet; return ``outcomes``, (M, 3, N): see :data:`OUTCOMES`."""
        models = self.train()
        how = [self.recipe.transfer, *([asdict(self.recipe.fine_schedule)] if self.recipe.transfer == "full" else [])]
        folder = self.folder / f"to-{digest_of([target.digest, *how])}"
        store = RowStore(folder, {"outcomes": (len(OUTCOMES), len(target.test_labels))}, len(self.members.seeds))
        common = (target.save(self.lab.tasks), self.recipe, self.lab.device, len(self.source.classes))
        work = [
            (transfer_block, *common, np.array(models["weights"][rows]), self.members.seeds[rows])
            for rows in self._blocks(store)
        ]
        self._fill(store, work, f"transfer to {target.id}")
        return store

    def _members(self, rows: slice) -> Members:
        return Members(self.members.keep[rows], self.members.seeds[rows])

    def _blocks(self, store: RowStore) -> list[slice]:
        """Return the groups that are not finished; they are the same ones however often a run was stopped."""
        done, size = store.done, self.lab.group
        starts = range(0, store.rows, size)
        return [slice(start, min(start + size, store.rows)) for start in starts if not done[start : start + size].all()]

    def _fill(self, store: RowStore, work: Sequence[tuple[Any, ...]], name: str) -> None:
        """Do the work on the groups that are not finished, and keep each result as soon as it is there."""
        waits = [self.lab.submit(*piece) for piece in work]
        total = -(-store.rows // self.lab.group)
        for place, (rows, wait) in enumerate(zip(self._blocks(store), waits, strict=True)):
            self.lab.tell(name, total - len(waits) + place, total)
            for row, values in zip(range(rows.start, rows.stop), wait(), strict=True):
                store.write(row, values)


@contextmanager
def begin_runner(device: torch.device, processes: int, tell: Tell) -> Iterator[EnsembleRunner]:
    """Yield what trains models and keeps them in the cache of the home.

    Args:
        device: where to compute.
        processes: at a time, on the CPU.
        tell: see :data:`Tell`.
    """
    with workers(processes if device.type == "cpu" else 1) as submit:
        yield EnsembleRunner(make_home() / "cache" / "influence", submit, str(device), tell)


def digest_of(content: Sequence[Any]) -> str:
    """Return what tells plain content from other."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
