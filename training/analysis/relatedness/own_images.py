"""Models ranked for a user's own images or texts by task-relatedness, with cached features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoograph.data.collections.glyphs.models import CORPORA
from zoograph.data.errors import ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.images.task import task_from_arrays
from zoograph.data.networks.devices import find_device
from zoograph.data.networks.features import HELD_OUT, Features, extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import Relation
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import is_local, open_task
from zoograph.data.tasks.stratified import held_out_rows
from zoograph.data.tasks.task import LabelledTask, TaskError
from zoograph.graphs.scores.relatedness.bound import Bound
from zoograph.graphs.scores.relatedness.tasks import LEAST_SAMPLES, Task
from zoograph.training.analysis.kept_folders import relatedness_folder
from zoograph.training.analysis.relatedness.kept import relate_once
from zoograph.training.analysis.relatedness.relate import Relating, true_loss
from zoograph.training.analysis.relatedness.relations import relate
from zoograph.training.analysis.relatedness.unlabelled import relate_unlabelled
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.measuring.each_model import HERE, Asked, look_with_each, once
from zoograph.training.measuring.store_names import describe_source, place_in_store
from zoograph.training.measuring.subject import Failure, Subject
from zoograph.training.runtime.progress import Progress, part_of

_REFERENCE = "reference"


@dataclass(frozen=True)
class ModelRelatedness:
    """What was found of one model.

    Attributes:
        model: its name.
        bound: of the target's loss in nats; lower means better transfer expected.
        true_loss: loss in nats of a retrained head of the same slope, on held-out samples; None without labels.
        seconds: wall time by part, of the call that computed it.
    """

    model: str
    bound: Bound
    true_loss: float | None
    seconds: dict[str, float]

    @property
    def held(self) -> bool | None:
        """Whether the true loss is within the bound; None if it is not known."""
        return None if self.true_loss is None else self.true_loss <= self.bound.total


@dataclass(frozen=True)
class RelatednessReport:
    """Models ranked for a target, that of the lowest bound first, what failed, and what was stored.

    Attributes:
        num_classes: of the target; a model that guesses has a loss of the logarithm of that.
    """

    reference: str
    target: str
    models: tuple[ModelRelatedness, ...]
    failures: tuple[Failure, ...]
    stored: tuple[Relation, ...] = ()
    num_classes: int | None = None


def rank_on_images(
    subject: Subject,
    reference: str,
    how: Relating,
    labelled: bool = True,
    progress: Progress | None = None,
    *,
    stored: bool = False,
    where: Where = HERE,
) -> RelatednessReport:
    """Rank models for a target by task-relatedness.

    Features are cached, and so is every pair that has labels: a call that was interrupted goes on where it was. Of
    either task 30 % of the samples, or those that its authors set aside, measure the bound.

    Args:
        subject: models and target.
        reference: a dataset as :func:`zoograph.data.tasks.sources.open_task` takes it, or the name of a corpus of
            glyphs: ``latin``, ``eastern`` or ``symbols``.
        how: tasks are related.
        labelled: whether the labels of the target may be read; without, only the number of its classes is.
        progress: called with (samples done, samples in all), over all models.
        stored: whether the relation between the two datasets under each model enters the store, as an edge of the
            graph.
        where: models look at the tasks; what is stored is stored here.

    Raises:
        ZoographError: if a dataset cannot be read, a class has fewer than two samples to learn on, or what has no
            labels is to be stored.
    """
    if stored and not labelled:
        raise ZoographError("A relation is stored between labelled datasets (got no labels). Leave one of the two out.")
    target, known = subject.open(), open_reference(reference, subject.max_images)
    if known.modality is not target.modality:
        raise TaskError(
            f"The reference '{reference}' and the target '{subject.dataset}' must both be images or both be texts (got "
            f"{known.samples_word} and {target.samples_word}). Give another reference."
        )
    for task in (known, target) if labelled else (known,):
        _require_learnable(task)
    cards: tuple[DatasetCard, ...] = ()
    if stored:
        with RecordStore.open() as store:
            source = known.card if reference in CORPORA else place_in_store(store, known.card, reference)
            cards = source, place_in_store(store, target.card, subject.dataset)
    found: dict[int, tuple[ModelRelatedness, list[Relation]]] = {}

    def take(place: int, one: tuple[ModelRelatedness, list[Relation]]) -> None:
        found[place] = one
        if one[1]:
            with RecordStore.open() as store:
                store.add(datasets=cards, relations=one[1], origin="zoograph relatedness")

    apart = where.kind is not ExecutorKind.LOCAL and reference not in CORPORA and is_local(reference)
    address = str(Path(reference).expanduser().absolute()) if apart else reference
    ids = tuple(card.id for card in cards)
    request = _Request(address, subject.max_images, how, labelled, ids, subject.device)
    asked = [Asked(place, request) for place in range(len(subject.models))]
    held = {_REFERENCE: known}
    failures = look_with_each(subject, target, _relate_with, asked, take, where=where, progress=progress, held=held)
    done = [found[place] for place in sorted(found)]  # in the order of the models, whichever was done first elsewhere
    ranked = sorted((model for model, _ in done), key=lambda one: one.bound.total)
    kept = tuple(relation for _, relations in done for relation in relations)
    return RelatednessReport(
        known.card.id, target.card.id, tuple(ranked), tuple(failures), kept, len(set(target.labels))
    )


def _require_learnable(task: LabelledTask) -> None:
    """Raise unless two samples of each class are to be learned on, before a model has looked at any of them."""
    if task.target is not Target.CLASSES:
        return
    labels = np.asarray(task.labels)
    test = held_out_rows(labels, task.is_test, HELD_OUT)
    counts = np.bincount(labels[~test], minlength=len(task.classes))
    few = [label for label in dict.fromkeys(task.labels) if counts[label] < LEAST_SAMPLES]
    if few:
        others = count_of(len(few) - 1, "other class", "other classes")
        raise TaskError(
            f"Each class of '{task.card.id}' must have {LEAST_SAMPLES} {task.samples_word} to learn on, beside those "
            f"that are held out (got {count_of(int(counts[few[0]]), task.sample_word)} of '{task.classes[few[0]]}'"
            f"{f', and too few of {others}' if len(few) > 1 else ''}). Add some, leave the classes out, or raise "
            "--max-images."
        )


@dataclass(frozen=True)
class _Request:
    """What is asked of a model, as plain data.

    Attributes:
        reference: a dataset or a corpus.
        max_images: of the reference.
        how: tasks are related.
        labelled: whether the labels of the target may be read.
        ids: of reference and target in the store; none where no relation is wanted.
        device: where to compute.
    """

    reference: str
    max_images: int | None
    how: Relating
    labelled: bool
    ids: tuple[str, ...]
    device: str | None


def _relate_with(
    model: PretrainedModel, target: LabelledTask, asked: _Request, progress: Progress | None
) -> tuple[ModelRelatedness, list[Relation]]:
    """Relate the two tasks under one model; nothing is stored but what is cached."""
    known = once(_REFERENCE, lambda: open_reference(asked.reference, asked.max_images))
    place, how, folder = find_device(asked.device), asked.how, relatedness_folder()
    source, wanted = (
        _view(task, extract_features(model, task, place, progress=part_of(progress, half, 2)))
        for half, task in enumerate((known, target))
    )
    if not asked.labelled:
        guessed = relate_unlabelled(source, wanted, len(set(target.labels)), how).relatedness
        return ModelRelatedness(model.card.id, guessed.bound, None, guessed.seconds), []
    related = relate_once(source, wanted, how, folder, model.card.id)
    relations: list[Relation] = []
    if asked.ids:
        seen = dict(zip(asked.ids, (source, wanted), strict=True))
        relations = relate(seen, model.card.id, describe_source(model, target), how, folder)
    loss = true_loss(wanted, how.tau, how.samples, how.seed)
    return ModelRelatedness(model.card.id, related.bound, loss, related.seconds), relations


def open_reference(name: str, max_images: int | None) -> LabelledTask:
    """Return a reference: a dataset, or a corpus of glyphs, drawn as its models were trained on it."""
    task: LabelledTask
    if name not in CORPORA:
        task = open_task(name)
    else:
        corpus = CORPORA[name]
        images, labels = corpus.draw("test")
        task = task_from_arrays(images, labels.tolist(), tuple(corpus.card().labels), corpus.id, corpus.card().source)
    return task if max_images is None else task.sample(max_images)


def _view(task: LabelledTask, seen: Features) -> Task:
    test = seen.test_rows()
    x, y = seen.features, seen.labels
    return Task(task.card.id, x[~test], y[~test], x[test], y[test])
