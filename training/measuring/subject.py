"""The models, dataset and device of a measurement; models that fail are set apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zoograph.data.errors import ZoographError
from zoograph.data.networks.devices import find_device, require_device
from zoograph.data.networks.registry.reachable import require_reachable
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol
from zoograph.data.records.spellings import Target
from zoograph.data.tasks.sources import check_dataset, open_task

if TYPE_CHECKING:
    import torch

    from zoograph.data.networks.weights import PretrainedModel
    from zoograph.data.store.store import RecordStore
    from zoograph.data.tasks.task import LabelledTask

Result = TypeVar("Result")
MEASURABLE = (Protocol.HEAD, Protocol.FINETUNE)
"""What ``measure`` can do to a model."""


def require_measurable(protocol: Protocol) -> None:
    """Raise unless ``measure`` can do that to a model.

    Raises:
        ZoographError: if it cannot.
    """
    if protocol not in MEASURABLE:
        raise ZoographError(
            f"'measure' does {' or '.join(MEASURABLE)} to a model (got '{protocol.value}'). "
            "Bring what was measured elsewhere with 'zoograph ingest'."
        )


@dataclass(frozen=True)
class Failure:
    """A model that could not be looked at, and why."""

    model: str
    reason: str


@dataclass(frozen=True)
class Subject:
    """What is to be looked at.

    Attributes:
        models: names of weights that timm loads.
        dataset: see :func:`zoograph.data.tasks.sources.open_task`.
        domain: kind of images or texts.
        max_images: size of a stratified probe; None for all samples.
        weights: a file for the one model, a folder of files, or ``random``; None for the weights of the names.
        device: where to compute, see :func:`zoograph.data.networks.devices.find_device`.
        modality: of the dataset, where not every one is of use.
    """

    models: Sequence[str]
    dataset: str
    domain: str | None = None
    max_images: int | None = None
    weights: str | None = None
    device: str | None = None
    modality: Modality | None = None

    def explain_names(self, models: Mapping[int, str]) -> tuple[str, ...]:
        """Return which weights the names were taken for, in a sentence each; those in a file are nobody's name.

        Args:
            models: place among ``self.models`` -> id in the store.
        """
        from zoograph.data.networks.find_model import explain_name

        if self.weights is not None:
            return ()
        said = (explain_name(self.models[place], model) for place, model in models.items())
        return tuple(sentence for sentence in said if sentence is not None)

    def check(self) -> None:
        """Find out what is wrong without looking at a sample and without torch.

        Raises:
            ZoographError: if ``dataset`` is a path without samples, if weights are no file or are given for several
                models, if nobody knows such a device, or if no model's weights can be had.
        """
        found = self._check_inputs()
        if self.weights is None and found is not Modality.TEXT:
            require_reachable(self.models)

    def _check_inputs(self) -> Modality | None:
        """Return what the samples are, if a look at the disk tells."""
        self._check_weights()
        require_device(self.device)
        return check_dataset(self.dataset, self.modality)

    def _check_weights(self) -> None:
        if self.weights in (None, "random"):
            return
        from zoograph.data.networks.weight_files import find_weight_file

        path = Path(str(self.weights)).expanduser()
        if len(self.models) > 1 and not path.is_dir():
            raise ZoographError(
                f"A file of weights belongs to one model (got {len(self.models)}). Run the command once for each, or "
                "give a folder with a file for each."
            )
        if not path.exists():
            raise ZoographError(
                f"The weights '{self.weights}' must be a file, a folder or 'random' (got nothing there). "
                "Check the path."
            )
        for model in self.models:
            find_weight_file(path, model, alone=len(self.models) == 1)

    def open(self, targets: Collection[Target] = (Target.CLASSES,)) -> LabelledTask:
        """Return the samples.

        Args:
            targets: that are of use.

        Raises:
            ZoographError: if it is no task, see :meth:`check`, or if there is no such device.
        """
        self._check_inputs()
        self.place()
        task = open_task(self.dataset, self.domain, self.modality, targets)
        return task if self.max_images is None else task.sample(self.max_images)

    def place(self) -> torch.device:
        """Return the device.

        Raises:
            ZoographError: if it is not there.
        """
        return find_device(self.device)


def for_each_model(
    subject: Subject,
    work: Callable[[PretrainedModel, int], Result],
    store: RecordStore | None = None,
    task: LabelledTask | None = None,
) -> tuple[list[Result], list[Failure]]:
    """Do ``work`` with each model and its place; a model that cannot be had or used does not stop the others.

    What the libraries and networks raise on the way arrives as a :class:`ZoographError`; every other exception is a
    bug of zoograph and passes.

    Args:
        subject: whose models.
        work: is given a model and its place among them.
        store: may know the models by names of its own; default: names of libraries alone.
        task: that the models are to read; default: one of images.
    """
    import torch

    from zoograph.data.networks.encoders import load_reader

    # A model that is too large for the machine is no bug of ours either.
    expected = (ZoographError, MemoryError, torch.OutOfMemoryError)
    alone = subject.weights is None or len(subject.models) == 1
    reads = (Modality.IMAGE, subject.dataset) if task is None else (task.modality, task.card.id)
    results: list[Result] = []
    failures: list[Failure] = []
    for place, name in enumerate(subject.models):
        try:
            known = name if store is None or subject.weights is not None else _find(store, name, *reads)
            results.append(work(load_reader(known, subject.weights, alone, *reads), place))
        except expected as error:
            failures.append(Failure(name, str(error).partition("\n")[0] or type(error).__name__))
    return results, failures


def _find(store: RecordStore, name: str, modality: Modality, dataset: str) -> str:
    """Return what a store and the libraries call a model, which has to read a dataset."""
    from zoograph.data.networks.find_model import find_model, require_reader

    found = find_model(store.names(), name)
    card = found.card or next(iter(store.find_cards([found.id])[0]), None)
    if card is not None:
        require_reader(card, dataset, modality)
    own = found.card is not None and modality is Modality.TEXT  # a folder is loaded by its path
    return name if own else found.id
