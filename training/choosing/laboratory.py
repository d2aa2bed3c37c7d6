"""Measures candidates on one dataset, at any level; each result is in the store when it is returned."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.networks.encoders import load_reader
from zoograph.data.networks.find_model import is_own
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.choosing.levels import PROBE_SAMPLES
from zoograph.training.measuring.finetune import FinetuneConfig
from zoograph.training.measuring.measure import KeepRun, Transfer, make_run, readable_part, trained_classes
from zoograph.training.measuring.store_names import known_model
from zoograph.training.runtime.progress import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WEIGHTS = "weights"
"""Among the settings of a run: the file whose name says that it holds the weights of the model."""


@dataclass
class Laboratory:
    """Measures models on one dataset.

    Attributes:
        store: where runs go.
        task: all samples.
        dataset: card under which the store knows them.
        place: where to compute.
        test_fraction: of each class, where the dataset has no test samples of its own.
        config: of fine-tuning.
        probe_samples: of the sample that a probe looks at.
        skipped: samples that could not be read -> what is wrong with them.
        keep: is given each fine-tuned model, with its run.
    """

    store: RecordStore
    task: LabelledTask
    dataset: DatasetCard
    place: torch.device
    test_fraction: float = 0.3
    config: FinetuneConfig | None = None
    probe_samples: int = PROBE_SAMPLES
    skipped: dict[str, str] = field(default_factory=dict)
    keep: KeepRun | None = None
    _opened: tuple[str, PretrainedModel] | None = None

    def measure(self, card: ModelCard, path: Path | None, level: Protocol, progress: Progress | None = None) -> Run:
        """Measure a model, and store the run.

        Args:
            card: of the model; the store knows it.
            path: of its weights; None for those of the name.
            level: a probe, a head or fine-tuning.
            progress: called with (steps done, steps in all).

        Raises:
            ZoographError: if its weights cannot be had, or it cannot read these samples.
        """
        model, task = self._open(card, path), self.task_of(level)
        protocol = Protocol.HEAD if level is Protocol.PROBE else level
        transfer = Transfer(protocol, self.test_fraction, 0, self.config, self.place)
        tuned: dict[str, Tensor] = {}
        done = transfer.of(model, task, card.id, progress, None if self.keep is None else tuned.update)
        self.skipped.update(done.skipped)
        if path is not None:
            done.settings[WEIGHTS] = path.name
        others = {}
        if level is Protocol.PROBE:
            others = {"protocol": level, "shots": max(1, round(done.result.num_train / len(task.classes)))}
        run = make_run(model, card.id, task, self.dataset.id, done, **others)
        if self.keep is not None and tuned:
            self.keep(model, run, tuned, trained_classes(task, self.test_fraction, 0))
        self.store.add(datasets=[self.dataset], runs=[run], origin="choose")
        return run

    def task_of(self, level: Protocol) -> LabelledTask:
        """Return the samples of a level; fine-tuning has those alone that can be read."""
        if level is Protocol.PROBE:
            return self._sample
        return self._readable if level is Protocol.FINETUNE else self.task

    @cached_property
    def _sample(self) -> LabelledTask:
        return self.task.sample(self.probe_samples)

    @cached_property
    def _readable(self) -> LabelledTask:
        return readable_part(self.task, self.skipped)

    def _open(self, card: ModelCard, path: Path | None) -> PretrainedModel:
        """Return the model under its own card; the last one is kept, as its next level may come next."""
        if self._opened is None or self._opened[0] != card.id:
            self._opened = None
            self._opened = card.id, self._load(card, path)
        return self._opened[1]

    def _load(self, card: ModelCard, path: Path | None) -> PretrainedModel:
        name = str(card.timm_name) if is_own(card) else card.id
        model = load_reader(name, path, True, self.task.modality, self.dataset.id)
        known, _ = known_model(self.store, model.card)
        if known == card.id:
            return replace(model, card=card)
        if path is None:
            raise WeightsError(f"The name '{card.id}' must load its own weights (got '{known}').")
        raise WeightsError(
            f"The weights in '{path}' must be those of '{card.id}' (got weights of their own, '{known}', with another "
            "number of classes or trained here). Measure them with 'zoograph measure --weights'."
        )
