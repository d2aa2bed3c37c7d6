"""The models, dataset and device of a measurement; models that fail are set apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.errors import ZoographError
from zoograph.data.networks.devices import AUTO, find_device, require_device
from zoograph.data.networks.registry.reachable import require_reachable
from zoograph.data.records.cards import Modality
from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import Protocol
from zoograph.data.tasks.sources import check_dataset, open_task, require_columns

if TYPE_CHECKING:
    import torch

    from zoograph.data.tasks.task import LabelledTask

MEASURABLE = (Protocol.HEAD, Protocol.FINETUNE)
"""What ``measure`` can do to a model."""


def require_measurable(protocol: Protocol) -> None:
    """Raise unless ``measure`` can do that to a model.

    Raises:
        ZoographError: if it cannot.
    """
    if protocol not in MEASURABLE:
        raise ZoographError(
            f"zoograph itself does {' or '.join(MEASURABLE)} to a model (got '{protocol.value}'). "
            "Bring what was measured elsewhere with 'zoograph ingest'."
        )


def require_finetuning(protocol: Protocol, pretrain: str | None = None, here: bool = True) -> None:
    """Raise unless a fine-tuned model can be kept: under fine-tuning, without a source before it, in this process.

    Raises:
        ZoographError: if it cannot.
    """
    if protocol is not Protocol.FINETUNE:
        raise ZoographError(
            f"'--save-model' keeps a fine-tuned model (got the protocol '{protocol.value}'). Add '--protocol finetune'."
        )
    if pretrain is not None:
        raise ZoographError("'--save-model' does not go with '--pretrain'. Give the weights that it kept to --weights.")
    if not here:
        raise ZoographError("'--save-model' keeps what is fine-tuned in this process. Add '--executor local'.")


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
        also: another dataset that is looked at, whose columns may be the ones that are named.
    """

    models: Sequence[str]
    dataset: str
    domain: str | None = None
    max_images: int | None = None
    weights: str | None = None
    device: str | None = None
    modality: Modality | None = None
    also: str | None = None

    def explain_names(self, models: Mapping[int, str]) -> tuple[str, ...]:
        """Return which weights the names or the files were taken for, in a sentence each.

        Args:
            models: place among ``self.models`` -> id in the store.
        """
        from zoograph.data.networks.find_model import OWN, explain_name

        if self.weights == "random":
            return ()
        if self.weights is not None:
            published = ", ".join(f"'{model}'" for model in dict.fromkeys(models.values()) if OWN not in model)
            taken = f"The weights in '{self.weights}' are taken for the published ones of {published}, on the word of "
            return (f"{taken}the name that they have there.",) if published else ()
        said = (explain_name(self.models[place], model) for place, model in models.items())
        return tuple(sentence for sentence in said if sentence is not None)

    def check(self) -> None:
        """Find out what is wrong without looking at a sample, and without torch unless a device is named that needs it.

        Raises:
            ZoographError: if ``dataset`` is a path without samples, if columns are named and there are none, if weights
                are no file or are given for several models, if there is no such device, or if no model's weights can
                be had.
        """
        found = self._check_inputs()
        if self.device not in (None, AUTO, "cpu"):
            self.place()  # without it, nobody needs the weights
        if self.weights is None and found is not Modality.TEXT:
            require_reachable(self.models)

    def _check_inputs(self) -> Modality | None:
        """Return what the samples are, if a look at the disk tells."""
        if self.max_images is not None and self.max_images < 2:
            raise ValueError(f"'max_images' must be a number of samples, 2 or more (got {self.max_images}).")
        self._check_weights()
        require_device(self.device)
        found = check_dataset(self.dataset, self.modality)
        require_columns(self.dataset, *([] if self.also is None else [self.also]))
        return found

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
