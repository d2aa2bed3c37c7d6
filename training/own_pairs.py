"""What scoring and measuring a user's own pairs have in common: names in the store, devices and failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import torch

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.errors import ZoographError
from zoograph.data.image_sources import open_task
from zoograph.data.images import ImageTask
from zoograph.data.model_weights import PretrainedModel, load_pretrained
from zoograph.data.store import RecordStore

Progress = Callable[[int, int], None]
Result = TypeVar("Result")
# What a network that is not like the others, or too large for the machine, can end with.
_FAILURES = (
    ZoographError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    LookupError,
    ArithmeticError,
    MemoryError,
)
_LONGEST_NAME = 300


@dataclass(frozen=True)
class Failure:
    """A model that could not be looked at, and why."""

    model: str
    reason: str


@dataclass(frozen=True)
class Subject:
    """What is to be looked at.

    Attributes:
        models: names that timm knows.
        dataset: see :func:`zoograph.data.image_sources.open_task`.
        domain: kind of images.
        max_images: size of a stratified probe; None for all images.
        weights: a file for the one model, or ``random``; None for the weights of the names.
        device: where to compute; None for CUDA where it is there, else the CPU.
    """

    models: Sequence[str]
    dataset: str
    domain: str | None = None
    max_images: int | None = None
    weights: str | None = None
    device: str | None = None

    def open(self) -> ImageTask:
        """Return the images.

        Raises:
            ZoographError: if ``dataset`` is no task, if weights are given for several models, or if there is no
                such device.
        """
        if self.weights is not None and len(self.models) > 1:
            raise ZoographError(
                f"A file of weights belongs to one model (got {len(self.models)}). Run the command once for each."
            )
        self.place()
        task = open_task(self.dataset, self.domain)
        return task if self.max_images is None else task.sample(self.max_images)

    def place(self) -> torch.device:
        """Return the device.

        Raises:
            ZoographError: if it is not there.
        """
        chosen = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(chosen)
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise ZoographError(f"The device '{chosen}' cannot be used (got: {reason}). Choose 'cpu'.") from error
        return device


def for_each_model(
    subject: Subject, work: Callable[[PretrainedModel, int], Result]
) -> tuple[list[Result], list[Failure]]:
    """Do ``work`` with each model and its place; one that fails does not stop the others."""
    results: list[Result] = []
    failures: list[Failure] = []
    for place, name in enumerate(subject.models):
        try:
            results.append(work(load_pretrained(name, subject.weights), place))
        except _FAILURES as error:
            failures.append(Failure(name, str(error).partition("\n")[0] or type(error).__name__))
    return results, failures


def place_in_store(store: RecordStore, card: DatasetCard, dataset: str) -> DatasetCard:
    """Return the card under the name by which the store is to know it.

    A folder is known by its path: the one that was looked at before keeps its id, and a new one whose name is
    taken gets its path as id. Other datasets are known by their names.
    """
    folder = Path(dataset).expanduser()
    if not folder.exists():
        return card
    path = str(folder.resolve())
    names = store.names()
    taken = card.id in names.datasets or card.id in names.families
    id = next(iter(names.datasets.get(path, ())), path if taken else card.id)
    aliases = (path,) if len(path) <= _LONGEST_NAME and id != path else ()
    return DatasetCard.model_validate({**card.model_dump(), "id": id, "aliases": aliases})


def known_model(store: RecordStore, card: ModelCard) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the id under which the store knows these weights, and the card if it is to be added."""
    models = store.names().models
    for name in (card.id, *card.aliases):
        if len(models.get(name, ())) == 1:
            return models[name][0], ()
    return card.id, (card,)


def part_of(progress: Progress | None, place: int, num_parts: int) -> Progress:
    """Return what reports the progress of one of several equal parts as that of the whole."""

    def advance(done: int, total: int) -> None:
        if progress is not None:
            progress(place * total + done, num_parts * total)

    return advance


def describe_source(model: PretrainedModel, task: ImageTask) -> str:
    """Return the source of a record: what was run, and the content that it was run on."""
    return f"zoograph {version('zoograph')}, weights {model.digest[:12]}, images {task.digest[:12]}"
