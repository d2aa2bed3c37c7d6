"""Ensembles of small source models, each pre-trained on a part of the source, and their transfer to targets."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.glyph_models import Architecture
from zoograph.data.glyphs import seeded
from zoograph.data.row_store import RowStore
from zoograph.training.head import head_logits
from zoograph.training.many_models import Course, initial_weights, see, train_many
from zoograph.training.quietly import one_thread
from zoograph.training.small_tasks import SmallTask, load_small_task
from zoograph.training.workers import Submit

OUTCOMES = ("correct", "margin", "probability")
"""What is recorded of a model on a test image: 1 if it is right; the probability of the true class minus that of the
best other; and the probability of the true class."""

UNITS = ("class", "example")
TRANSFERS = ("head", "full")
GROUPS = {"cpu": 16, "cuda": 200}
"""Models that are trained at once, by type of device."""

_MEASURED_STEPS = 20
_RECIPE = 1
"""Raised when the work changes what it makes, so that files of an older recipe are not taken up."""

# Layer norms and no batch norm, so that many of it can be trained at once.
TINY = Architecture(
    "convnext",
    "test_convnext",
    {
        "dims": (12, 24, 48, 48),
        "depths": (0, 1, 1, 0),
        "patch_size": 4,
        "kernel_sizes": 3,
        "act_layer": "relu",
        "global_pool": "fastavg",
    },
    8e-3,
)


@dataclass(frozen=True)
class Recipe:
    """How source models are made and transferred.

    Attributes:
        network: the architecture.
        course: of the pre-training.
        transfer: ``head`` for a new linear classifier on frozen features, ``full`` for a training of all layers.
        fine_course: of the training of all layers.
    """

    network: Architecture = TINY
    course: Course = field(default_factory=Course)
    transfer: str = "head"
    fine_course: Course = field(default_factory=lambda: Course(steps=200, learning_rate=2e-3))

    def create(self, num_classes: int) -> nn.Module:
        """Return the network with outputs for so many classes."""
        import timm

        name, arguments = self.network.timm_name, self.network.arguments
        return timm.create_model(name, pretrained=False, in_chans=1, num_classes=num_classes, **arguments)

    def pretraining(self) -> list[Any]:
        """Return what decides the weights of a source model."""
        return [_RECIPE, asdict(self.network), asdict(self.course)]


@dataclass(frozen=True, eq=False)
class Lab:
    """Where models are trained.

    Attributes:
        folder: holds the images and the models.
        submit: begins a call, here or in a process of its own, see :func:`zoograph.training.workers.workers`.
        device: where to compute.
        tell: called with the name of a kind of work, what is done of it, and how much there is, in groups of models.
    """

    folder: Path
    submit: Submit
    device: str = "cpu"
    tell: Callable[[str, int, int], None] = lambda name, done, total: None

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
            few = replace(recipe, course=replace(recipe.course, steps=steps))
            started = clock()
            _train_block(path, "class", few, self.device, members)
            taken.append(clock() - started)
        return max(taken[2] - taken[1], 0.0) / size * recipe.course.steps / _MEASURED_STEPS

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


class Members(NamedTuple):
    """Models that are to be trained.

    Attributes:
        keep: (M, U) whether a model sees a unit of the source: a class, or a training image.
        seeds: (M,) of weights and batches.
    """

    keep: NDArray[np.bool_]
    seeds: tuple[int, ...]


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
    lab: Lab

    def train(self) -> RowStore:
        """Train what is not trained yet; return ``weights`` and the source ``accuracy`` on held-out images."""
        count = sum(parameter.numel() for parameter in self.recipe.create(len(self.source.classes)).parameters())
        store = RowStore(self.folder / "models", {"weights": (count,), "accuracy": ()}, len(self.members.seeds))
        common = (self.source.save(self.lab.tasks), self.unit, self.recipe, self.lab.device)
        work = [(_train_block, *common, self._members(rows)) for rows in self._blocks(store)]
        self._fill(store, work, f"train on {self.source.id}")
        return store

    def transfer(self, target: SmallTask) -> RowStore:
        """Transfer what is not transferred yet; return ``outcomes``, (M, 3, N): see :data:`OUTCOMES`."""
        models = self.train()
        how = [self.recipe.transfer, *([asdict(self.recipe.fine_course)] if self.recipe.transfer == "full" else [])]
        folder = self.folder / f"to-{digest_of([target.digest, *how])}"
        store = RowStore(folder, {"outcomes": (len(OUTCOMES), len(target.test_labels))}, len(self.members.seeds))
        common = (target.save(self.lab.tasks), self.recipe, self.lab.device, len(self.source.classes))
        work = [
            (_transfer_block, *common, np.array(models["weights"][rows]), self.members.seeds[rows])
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


def choose_recipe(transfer: str) -> Recipe:
    """Return the recipe of a transfer.

    Raises:
        ZoographError: if there is no such transfer.
    """
    if transfer not in TRANSFERS:
        raise ZoographError(f"The transfer must be one of {', '.join(TRANSFERS)} (got '{transfer}').")
    return Recipe(transfer=transfer)


def random_members(units: int, count: int, share: float = 0.5, seed: int = 0) -> Members:
    """Draw models that see a fixed share of the units each; number i is the same however many there are.

    Raises:
        ZoographError: if fewer than two units would be seen, or none left out.
    """
    size = round(share * units)
    if not 2 <= size < units:
        raise ZoographError(
            f"A share of {share:g} of the source must leave at least two units in and one out (got {units} in all). "
            "Choose a source with more classes."
        )
    keep = np.zeros((count, units), dtype=np.bool_)
    for row in range(count):
        keep[row, seeded("units", seed, row).permutation(units)[:size]] = True
    return Members(keep, tuple(seed * 1_000_003 + row for row in range(count)))


def digest_of(content: Sequence[Any]) -> str:
    """Return what tells plain content from other."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def count_units(source: SmallTask, unit: str) -> int:
    """Return the number of classes or of training images.

    Raises:
        ZoographError: if there is no such unit, or if the source has fewer than three classes.
    """
    if unit not in UNITS:
        raise ZoographError(f"The unit of influence must be one of {', '.join(UNITS)} (got '{unit}').")
    if len(source.classes) < 3:
        raise ZoographError(
            f"Influence needs a source of at least three classes, so that a model can be trained without some "
            f"(got {len(source.classes)} in '{source.id}'). Choose another source."
        )
    return len(source.classes) if unit == "class" else len(source.train_labels)


def _train_block(
    path: Path, unit: str, recipe: Recipe, device: str, members: Members
) -> list[dict[str, NDArray[np.float32]]]:
    source, place = load_small_task(path), torch.device(device)
    seen = members.keep[:, source.train_labels] if unit == "class" else members.keep
    with one_thread():
        network = recipe.create(len(source.classes)).to(place)
        start = torch.stack([initial_weights(network, seed) for seed in members.seeds])
        images, labels = source.inputs("train", place)
        rows = [np.flatnonzero(one) for one in seen]
        weights = train_many(network, start, images, labels, rows, members.seeds, recipe.course)
        test, truth = source.inputs("test", place)
        found = []
        for row, own in enumerate(rows):
            known = torch.isin(truth, labels[torch.from_numpy(own).to(place)])
            right = see(network, weights[row], test[known])[1].argmax(1) == truth[known]
            accuracy = right.float().mean() if len(right) else torch.tensor(0.0)
            found.append({"weights": _array(weights[row]), "accuracy": _array(accuracy)})
    return found


def _transfer_block(
    path: Path, recipe: Recipe, device: str, source_classes: int, weights: NDArray[np.float32], seeds: Sequence[int]
) -> list[dict[str, NDArray[np.float32]]]:
    target, place = load_small_task(path), torch.device(device)
    with one_thread():
        logits = (_fine_tuned if recipe.transfer == "full" else _with_new_heads)(
            target, recipe, place, source_classes, torch.from_numpy(weights).to(place), seeds
        )
        truth = torch.from_numpy(target.test_labels).to(place)
        return [{"outcomes": _array(_outcomes(one, truth))} for one in logits]


def _with_new_heads(
    target: SmallTask, recipe: Recipe, place: torch.device, source_classes: int, weights: Tensor, seeds: Sequence[int]
) -> list[Tensor]:
    network = recipe.create(source_classes).to(place)
    train, labels = target.inputs("train", place)
    test, _ = target.inputs("test", place)
    both = torch.cat([train, test])
    features = (see(network, one, both)[0].split([len(train), len(test)]) for one in weights)
    return [head_logits(known, labels, asked) for known, asked in features]


def _fine_tuned(
    target: SmallTask, recipe: Recipe, place: torch.device, source_classes: int, weights: Tensor, seeds: Sequence[int]
) -> list[Tensor]:
    """Train all layers from the weights of a source model, whose classifier is drawn anew."""
    network = recipe.create(len(target.classes)).to(place)
    body = weights.shape[1] - _classifier_size(recipe.create(source_classes))
    fresh = torch.stack([initial_weights(network, seed) for seed in seeds]).to(place)
    start = torch.cat([weights[:, :body], fresh[:, body:]], dim=1)
    images, labels = target.inputs("train", place)
    everything = [np.arange(len(labels))] * len(seeds)
    tuned = train_many(network, start, images, labels, everything, seeds, recipe.fine_course)
    test, _ = target.inputs("test", place)
    return [see(network, one, test)[1] for one in tuned]


def _classifier_size(network: nn.Module) -> int:
    """Return how many of the parameters are the classifier's, which come last."""
    own = list(network.get_classifier().parameters())  # type: ignore[operator]
    assert [id(p) for p in network.parameters()][-len(own) :] == [id(p) for p in own]
    return sum(p.numel() for p in own)


def _outcomes(logits: Tensor, truth: Tensor) -> Tensor:
    """Return (3, N): see :data:`OUTCOMES`. A class without training images has no output, and is never right."""
    chances = logits.softmax(1)
    chances = nn.functional.pad(chances, (0, max(0, int(truth.max()) + 1 - chances.shape[1])))
    true = chances.gather(1, truth[:, None])[:, 0]
    others = chances.scatter(1, truth[:, None], -1.0).amax(1)
    return torch.stack([(true > others).float(), true - others, true])


def _array(values: Tensor) -> NDArray[np.float32]:
    return values.detach().cpu().float().numpy()
