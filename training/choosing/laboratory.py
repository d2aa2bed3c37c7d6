"""Measures candidates on one dataset, at any level; each result is in the store when it is returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zoograph.data.networks.devices import AUTO, find_device
from zoograph.data.networks.find_model import is_own
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.choosing.beliefs.levels import PROBE_SAMPLES
from zoograph.training.executors.executor import Executor, Where
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Done, Work
from zoograph.training.measuring.each_model import HERE, make_work, once
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.measure import KeepRun, Transfer, make_run, readable_part, trained_classes
from zoograph.training.measuring.store_names import known_in
from zoograph.training.measuring.subject import Subject
from zoograph.training.runtime.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "weights"
"""Among the settings of a run: the file whose name says that it holds the weights of the model."""


class Wanted(NamedTuple):
    """A measurement that is wanted.

    Attributes:
        card: of the model; the store knows it.
        path: of its weights; None for those of the name.
        level: a probe, a head or fine-tuning.
    """

    card: ModelCard
    path: Path | None
    level: Protocol


class Found(NamedTuple):
    """What became of a measurement.

    Attributes:
        run: that is stored; None if it failed.
        seconds: that it took, where it was done.
        reason: why it failed.
    """

    run: Run | None
    seconds: float = 0.0
    reason: str = ""


@dataclass
class Laboratory:
    """Measures models on one dataset.

    Attributes:
        store: where runs go.
        task: all samples.
        dataset: card under which the store knows them.
        subject: where the samples are, and the device to compute on.
        executor: that does the work, opened for ``where``.
        call: under which it keeps the samples and the last model, see
            :func:`zoograph.training.measuring.each_model.held_here`.
        where: the work is done.
        test_fraction: of each class, where the dataset has no test samples of its own.
        config: of fine-tuning.
        probe_samples: of the sample that a probe looks at.
        skipped: samples that could not be read -> what is wrong with them.
        keep: is given each fine-tuned model, with its run; for work in this process.
    """

    store: RecordStore
    task: LabelledTask
    dataset: DatasetCard
    subject: Subject
    executor: Executor
    call: str
    where: Where = HERE
    test_fraction: float = 0.3
    config: FinetuneConfig | None = None
    probe_samples: int = PROBE_SAMPLES
    skipped: dict[str, str] = field(default_factory=dict)
    keep: KeepRun | None = None

    @property
    def at_once(self) -> int:
        """Measurements that are done at a time."""
        return self.executor.places

    def measure(self, wanted: Sequence[Wanted], progress: Progress | None = None) -> list[Found]:
        """Measure models, and store each run as soon as it is there; return what became of each.

        Args:
            wanted: of different models.
            progress: called with (steps done, steps in all).
        """
        found = [Found(None)] * len(wanted)
        works = [self._make_work(one) for one in wanted]
        place = {id(work): number for number, work in enumerate(works)}

        def take(work: Work, done: Done) -> None:
            found[place[id(work)]] = Found(self._store(done.result), done.seconds)

        for failed in run_all(self.executor, works, take, progress).failed:
            found[place[id(failed.work)]] = Found(None, reason=failed.problem.reason)
        return found

    def samples_of(self, level: Protocol) -> LabelledTask:
        """Return the samples that a probe, or anything else, looks at."""
        return self.task.sample(self.probe_samples) if level is Protocol.PROBE else self.task

    def _make_work(self, wanted: Wanted) -> Work:
        card, path, level = wanted
        protocol = Protocol.HEAD if level is Protocol.PROBE else level
        transfer = Transfer(protocol, self.test_fraction, 0, self.config, self.subject.device or AUTO)
        about = (self.dataset.id, self.probe_samples, self.keep is not None, self.store.names().of_model(card.id))
        request = _Request(wanted, transfer, *about)
        subject = replace(self.subject, models=(card.id,), weights=None if path is None else str(path))
        return make_work(
            subject,
            self.task,
            _measure,
            request,
            name=f"{card.id} ({level})",
            known=str(card.timm_name) if is_own(card) else card.id,
            reads=(self.task.modality, self.dataset.id),
            run=self.call,
            where=self.where,
        )

    def _store(self, measured: _Measured) -> Run:
        self.skipped.update(measured.skipped)
        if self.keep and measured.model is not None and measured.tuned is not None:
            self.keep(measured.model, measured.run, measured.tuned, measured.classes)
        self.store.add(datasets=[self.dataset], runs=[measured.run], origin="choose")
        return measured.run


class _Request(NamedTuple):
    """What is asked of a model, as plain data.

    Attributes:
        wanted: the measurement.
        transfer: that it takes.
        dataset: id under which the run is stored.
        probe_samples: of the sample that a probe looks at.
        keeps: whether the fine-tuned weights are wanted.
        names: of the store that can mean the model.
    """

    wanted: Wanted
    transfer: Transfer
    dataset: str
    probe_samples: int
    keeps: bool
    names: NameIndex


class _Measured(NamedTuple):
    """A run, and the samples that could not be read; the model, its weights and classes where they are wanted."""

    run: Run
    skipped: Mapping[str, str]
    model: PretrainedModel | None = None
    tuned: dict[str, Tensor] | None = None
    classes: Sequence[str] = ()


def _measure(model: PretrainedModel, task: LabelledTask, request: _Request, progress: Progress | None) -> _Measured:
    """Measure a model wherever this is; nothing is stored."""
    (card, path, level), transfer = request.wanted, request.transfer
    model = _under_its_card(model, card, path, request.names)
    skipped: dict[str, str] = {}
    if level is Protocol.PROBE:
        task = once(level.value, lambda: task.sample(request.probe_samples))
    elif level is Protocol.FINETUNE:
        task, skipped = once(level.value, lambda: (readable_part(task, skipped), skipped))
    tuned: dict[str, Tensor] = {}
    here = replace(transfer, place=find_device(str(transfer.place)))
    done = here.of(model, task, card.id, progress, tuned.update if request.keeps else None)
    if path is not None:
        done.settings[WEIGHTS] = path.name
    others = {}
    if level is Protocol.PROBE:
        others = {"protocol": level, "shots": max(1, round(done.result.num_train / len(task.classes)))}
    run = make_run(model, card.id, task, request.dataset, done, **others)
    skipped = {**skipped, **done.skipped}
    if not tuned:
        return _Measured(run, skipped)
    return _Measured(run, skipped, model, tuned, trained_classes(task, transfer.test_fraction, transfer.seed))


def _under_its_card(model: PretrainedModel, card: ModelCard, path: Path | None, names: NameIndex) -> PretrainedModel:
    """Return a model that was loaded for a card, under that card.

    Raises:
        WeightsError: if it is of other weights.
    """
    known, _ = known_in(names, model.card)
    if known == card.id:
        return replace(model, card=card)
    if path is None:
        raise WeightsError(f"The name '{card.id}' must load its own weights (got '{known}').")
    raise WeightsError(
        f"The weights in '{path}' must be those of '{card.id}' (got weights of their own, '{known}', with another "
        "number of classes or trained here). Measure them with 'zoograph measure --weights'."
    )
