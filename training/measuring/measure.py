"""Measured accuracies of a user's own pairs: images or texts in, runs of the store out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor

from zoograph.data.errors import FoldsError, ZoographError
from zoograph.data.home import make_home
from zoograph.data.networks.devices import AUTO, find_device
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.rows import find_unreadable, require_readable
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import WARNINGS, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.stratified import held_out_rows
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.executors.executor import Where
from zoograph.training.measuring.each_model import HERE, Asked, look_with_each
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, FinetuneResult, Keep, measure_finetune
from zoograph.training.measuring.head import HeadResult, measure_head_on
from zoograph.training.measuring.pictures import Augmentation, Pictures
from zoograph.training.measuring.reports import MeasureReport, describe_cut
from zoograph.training.measuring.split_quality import judge_split, require_difference, require_split
from zoograph.training.measuring.store_names import describe_source, known_model, place_in_store
from zoograph.training.measuring.subject import Subject, require_measurable
from zoograph.training.runtime.progress import Progress

# Is given a model, its run, the weights that were tested, and the classes in the order of the classifier.
KeepRun = Callable[[PretrainedModel, Run, dict[str, Tensor], Sequence[str]], None]


@dataclass(frozen=True)
class Transferred:
    """What became of one model on one task.

    Attributes:
        protocol: what was done.
        seed: of the split, and of what was trained.
        result: what was reached; its seconds are those of everything, from the first sample that was looked at.
        settings: that are kept with the run, with the warnings that belong to it.
        skipped: images that could not be read -> what is wrong with them.
        num_cut: samples that the model does not read to their end, as far as they were counted.
    """

    protocol: Protocol
    seed: int
    result: HeadResult | FinetuneResult
    settings: dict[str, Any]
    skipped: dict[str, str]
    num_cut: int = 0


@dataclass(frozen=True)
class Transfer:
    """How a model is transferred to a task; nothing of it is stored.

    Attributes:
        protocol: a retrained head or full fine-tuning.
        test_fraction: of each class, in (0, 1), where the task has no test images of its own.
        seed: of the split, and of what is trained.
        config: of fine-tuning.
        place: where to compute.
    """

    protocol: Protocol
    test_fraction: float = 0.3
    seed: int = 0
    config: FinetuneConfig | None = None
    place: str | torch.device = "cpu"

    def of(
        self,
        model: PretrainedModel,
        task: LabelledTask,
        name: str,
        progress: Progress | None = None,
        keep: Keep | None = None,
    ) -> Transferred:
        """Transfer a model and measure its top-1 accuracy.

        Args:
            model: that is transferred; it is left as it is.
            task: for fine-tuning without images that cannot be read, see :func:`readable_part`.
            name: of the model in warnings.
            progress: called with (steps done, steps in all): images for a head, epochs for fine-tuning.
            keep: called with the fine-tuned weights that were tested.

        Raises:
            ZoographError: if the split says nothing, or the network cannot look at these images.
        """
        result: HeadResult | FinetuneResult
        skipped: dict[str, str] = {}
        num_cut = 0
        begun = time.perf_counter()
        if self.protocol is Protocol.HEAD:
            seen = extract_features(model, task, self.place, progress=progress)
            skipped, num_cut = dict(seen.skipped), seen.num_cut
            require_difference(seen.features, task.card.id, task.samples_word)
            test = seen.test_rows(self.test_fraction, self.seed).tolist()
            warnings = judge_split(task, test, None if seen.rows is None else seen.rows.tolist())
            result = measure_head_on(seen, self.test_fraction, self.seed)
        else:
            warnings = judge_split(task, _test_rows(task, self.test_fraction, self.seed).tolist())
            result = measure_finetune_on(
                model, task, self.test_fraction, self.seed, self.config, self.place, progress, keep
            )
            warnings += _below_head(name, result)
        settings = _settings(task, self.protocol, self.test_fraction, self.config)
        if warnings:
            settings[WARNINGS] = warnings
        result = replace(result, seconds=time.perf_counter() - begun)  # extracting features is most of a head's time
        return Transferred(self.protocol, self.seed, result, settings, skipped, num_cut)


def measure_models(
    subject: Subject,
    protocol: Protocol,
    seeds: int = 1,
    test_fraction: float = 0.3,
    config: FinetuneConfig | None = None,
    progress: Progress | None = None,
    keep: KeepRun | None = None,
    where: Where = HERE,
    fresh: bool = True,
) -> MeasureReport:
    """Transfer models to a dataset, measure their top-1 accuracy, and store each run as soon as it is there.

    The dataset's own test images are used if it has some; otherwise each seed holds out a stratified
    ``test_fraction`` of each class.

    Args:
        subject: models and dataset.
        protocol: a retrained head or full fine-tuning.
        seeds: runs of each model, with the seeds 0, 1, …
        test_fraction: of each class, in (0, 1).
        config: of fine-tuning.
        progress: called with (steps done, steps in all): images for a head, epochs for fine-tuning; pieces of work
            where these run in other processes.
        keep: called before a fine-tuned run is stored, see :data:`KeepRun`; for work in this process.
        where: they are transferred; runs are stored here.
        fresh: whether runs are measured that the store has, of the same weights, samples, protocol, seed and settings.

    Raises:
        ZoographError: if the dataset cannot be read, if its test samples are of fewer than two classes, or if nothing
            is trained under the protocol.
    """
    require_measurable(protocol)
    task = subject.open()
    require_split(task, _test_rows(task, test_fraction, 0).tolist())
    runs: dict[tuple[int, int], Run] = {}
    skipped: dict[str, str] = {}
    num_cut: dict[str, int] = {}
    num_known = 0
    prepare = None
    if protocol is Protocol.FINETUNE:
        config = suited(config, task)
        task = readable_part(task, skipped)
        prepare = _readable
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, subject.dataset)
        settings = _settings(task, protocol, test_fraction, config)
        known = {} if fresh else find_runs(store, dataset.id, protocol, settings)

        def take(place: int, measured: Measured) -> None:
            nonlocal num_known
            if measured.known:
                num_known += 1
                runs[place, measured.seed] = known[measured.source, measured.seed]
                return
            model_id, new_cards = known_model(store, measured.card)
            done = measured.done
            assert done is not None
            skipped.update(done.skipped)
            num_cut[model_id] = done.num_cut
            run = _make_run(measured.source, model_id, dataset.id, done)
            if keep is not None and measured.model is not None:
                keep(measured.model, run, measured.tuned, trained_classes(task, test_fraction, measured.seed))
            store.add(models=new_cards, datasets=[dataset], runs=[run], origin="measure")
            runs[place, measured.seed] = run

        device = subject.device or AUTO
        transfers = [Transfer(protocol, test_fraction, seed, config, device) for seed in range(seeds)]
        asked = [
            Asked(place, MeasureRequest(one, frozenset(known), keep is not None))
            for place in range(len(subject.models))
            for one in transfers
        ]
        failures = look_with_each(subject, task, measure_with, asked, take, store, where, progress, prepare)
    found = {place: run.model for (place, _), run in sorted(runs.items())}
    cut = tuple(describe_cut(num_cut, task.samples_word))
    ordered = tuple(runs[key] for key in sorted(runs))
    meanings = subject.explain_names(found)
    return MeasureReport(dataset.id, ordered, skipped, tuple(failures), meanings, cut, num_known=num_known)


@dataclass(frozen=True)
class MeasureRequest:
    """What is asked of a model, as plain data.

    Attributes:
        transfer: to be made.
        known: source of records and seed of the runs that are not measured again.
        keeps: whether the weights that were tested are wanted.
    """

    transfer: Transfer
    known: frozenset[tuple[str, int]] = frozenset()
    keeps: bool = False


@dataclass(frozen=True)
class Measured:
    """What was measured of a model, as plain data.

    Attributes:
        card: of the model.
        source: of the record.
        seed: of the run.
        done: what became of it; None if it is known.
        known: whether it is.
        model: that was transferred, if its weights are wanted.
        tuned: the weights that were tested, likewise.
    """

    card: ModelCard
    source: str
    seed: int
    done: Transferred | None = None
    known: bool = False
    model: PretrainedModel | None = None
    tuned: dict[str, Tensor] = field(default_factory=dict)


def measure_with(
    model: PretrainedModel, task: LabelledTask, request: MeasureRequest, progress: Progress | None
) -> Measured:
    """Make one transfer of one model, unless it is known; nothing is stored."""
    source, transfer = describe_source(model, task), request.transfer
    if (source, transfer.seed) in request.known:
        return Measured(model.card, source, transfer.seed, known=True)
    tuned: dict[str, Tensor] = {}
    wanted = request.keeps and transfer.protocol is Protocol.FINETUNE
    here = replace(transfer, place=find_device(str(transfer.place)))
    done = here.of(model, task, model.card.id, progress, tuned.update if wanted else None)
    return Measured(model.card, source, transfer.seed, done, model=model if wanted else None, tuned=tuned)


def find_runs(
    store: RecordStore, dataset: str, protocol: Protocol, settings: Mapping[str, Any]
) -> dict[tuple[str, int], Run]:
    """Return the runs of a dataset that were measured like this, by the source of the record and the seed."""
    found: dict[tuple[str, int], Run] = {}
    wanted = json.loads(json.dumps(settings))  # as a store keeps it
    for run in store.runs_of(datasets=[dataset]):
        kept = json.loads(json.dumps(run.hyperparameters))
        same = all(name in kept and kept[name] == value for name, value in wanted.items())
        if run.protocol is protocol and run.seed is not None and run.shots is None and same:
            found[run.source, run.seed] = run
    return found


def readable_part(task: LabelledTask, skipped: dict[str, str]) -> LabelledTask:
    """Return the task without the samples that cannot be read, which are added to ``skipped``."""
    unreadable, distinct = find_unreadable(task)
    require_readable(task, unreadable)
    if distinct == 1:
        raise FoldsError(
            f"The {task.samples_word} of '{task.card.id}' must differ (got {len(task):,} that look the same)."
        )
    skipped.update({task.names[row]: kind.value for row, kind in unreadable.items()})
    return task.take([row for row in range(len(task)) if row not in unreadable])


def _readable(task: LabelledTask) -> LabelledTask:
    return readable_part(task, {})


def suited(config: FinetuneConfig | None, task: LabelledTask) -> FinetuneConfig:
    """Return the settings of fine-tuning on a task; samples that cannot be changed at random are not.

    Raises:
        ZoographError: if they are to be all the same.
    """
    config = config or FinetuneConfig()
    if task.augmentable or config.augmentation is Augmentation.NONE:
        return config
    if config.augmentation is not FinetuneConfig.augmentation:
        raise ZoographError(
            f"Training {task.samples_word} are not changed at random (got '--augment {config.augmentation}'). "
            "Leave the option out."
        )
    return replace(config, augmentation=Augmentation.NONE)


def _below_head(model: str, result: FinetuneResult) -> list[str]:
    """Say so if fine-tuning ended below the head that it began with, or never got above it."""
    if result.head_accuracy is None:
        return []
    if result.best_epoch == 0:
        return [
            f"No epoch of fine-tuning '{model}' was better on the validation samples than the head that it began "
            f"with, so the head is what was tested ({result.accuracy:.3f}). Try more '--epochs' or another "
            "'--learning-rate'."
        ]
    if result.accuracy >= result.head_accuracy:
        return []
    return [
        f"Fine-tuning '{model}' ended at {result.accuracy:.3f}, below the head that it began with "
        f"({result.head_accuracy:.3f}). Try a lower '--learning-rate', a lower '--layer-decay' or another '--augment'."
    ]


def _settings(
    task: LabelledTask, protocol: Protocol, test_fraction: float, config: FinetuneConfig | None
) -> dict[str, Any]:
    split: dict[str, Any] = {"test_fraction": test_fraction} if task.is_test is None else {"split": "own"}
    return split if protocol is Protocol.HEAD else {**split, **asdict(suited(config, task))}


def make_run(
    model: PretrainedModel, model_id: str, task: LabelledTask, dataset: str, done: Transferred, **others: Any
) -> Run:
    """Return the run that is stored of a transfer.

    Args:
        model: that was transferred.
        model_id: in the store.
        task: that it was transferred to.
        dataset: in the store.
        done: what was found.
        others: fields of the run that say otherwise.
    """
    return Run(**{**dict(_make_run(describe_source(model, task), model_id, dataset, done)), **others})


def _make_run(source: str, model_id: str, dataset: str, done: Transferred) -> Run:
    facts = asdict(done.result)
    fields = {
        "source": source,
        "model": model_id,
        "dataset": dataset,
        "protocol": done.protocol,
        "value": facts.pop("accuracy"),
        "train_size": facts.pop("num_train"),
        "test_size": facts.pop("num_test"),
        "seed": done.seed,
        "hyperparameters": {**done.settings, **facts},
        "measured_at": datetime.now(UTC),
    }
    return Run(**fields)


def measure_finetune_on(
    model: PretrainedModel,
    task: LabelledTask,
    test_fraction: float = 0.3,
    seed: int = 0,
    config: FinetuneConfig | None = None,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> FinetuneResult:
    """Fine-tune a model on one task, split as :func:`zoograph.training.measuring.head.measure_head_on` splits it.

    A run that was interrupted is taken up again from the folder ``cache/finetune`` of the home.

    Raises:
        LabelledTaskError: if an image cannot be read.
        FoldsError: see :func:`zoograph.training.measuring.finetuning.finetune.measure_finetune`.
    """
    config = suited(config, task)
    labels = torch.tensor(task.labels)
    test = _test_rows(task, test_fraction, seed)
    train_rows, test_rows = (torch.where(chosen)[0].tolist() for chosen in (~test, test))
    parts = [repr(model.transform), task.digest, test_fraction, seed]
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return measure_finetune(
        model.network,
        Pictures(task.take(train_rows), model, config.augmentation),
        labels[~test],
        Pictures(task.take(test_rows), model),
        labels[test],
        config,
        seed,
        progress,
        checkpoint=make_home() / "cache" / "finetune" / f"{model.digest[:16]}-{name[:16]}.safetensors",
        device=device,
        keep=keep,
        validation=None if task.is_validation is None else torch.tensor(task.is_validation)[~test],
    )


def trained_classes(task: LabelledTask, test_fraction: float, seed: int) -> list[str]:
    """Return the names of the classes that have training samples: the outputs of a fine-tuned classifier."""
    labels = torch.tensor(task.labels)
    return [task.classes[label] for label in torch.unique(labels[~_test_rows(task, test_fraction, seed)]).tolist()]


def _test_rows(task: LabelledTask, fraction: float, seed: int) -> Tensor:
    """Return (N,) bool: the task's own test images, or else a stratified fraction that is held out by seed."""
    return torch.from_numpy(held_out_rows(task.labels, task.is_test, fraction, seed))
