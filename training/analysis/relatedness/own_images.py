"""Models ranked for a user's own images or texts by task-relatedness, with cached features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoograph.data.collections.glyphs.models import CORPORA
from zoograph.data.errors import ZoographError
from zoograph.data.home import make_home
from zoograph.data.images.task import task_from_arrays
from zoograph.data.networks.features import Features, extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.records import Relation
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import open_task, require_modality
from zoograph.data.tasks.task import LabelledTask
from zoograph.graphs.scores.relatedness.bound import Bound
from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness.kept import relate_once
from zoograph.training.analysis.relatedness.relate import Relating, true_loss
from zoograph.training.analysis.relatedness.relations import relate
from zoograph.training.analysis.relatedness.unlabelled import relate_unlabelled
from zoograph.training.measuring.store_names import describe_source, place_in_store
from zoograph.training.measuring.subject import Failure, Subject, for_each_model
from zoograph.training.runtime.progress import Progress, part_of


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
    """Models ranked for a target, that of the lowest bound first, what failed, and what was stored."""

    reference: str
    target: str
    models: tuple[ModelRelatedness, ...]
    failures: tuple[Failure, ...]
    stored: tuple[Relation, ...] = ()


def rank_on_images(
    subject: Subject,
    reference: str,
    how: Relating,
    labelled: bool = True,
    progress: Progress | None = None,
    *,
    stored: bool = False,
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

    Raises:
        ZoographError: if a dataset cannot be read, or what has no labels is to be stored.
    """
    if stored and not labelled:
        raise ZoographError("A relation is stored between labelled datasets (got no labels). Leave one of the two out.")
    target, known = subject.open(), open_reference(reference, subject.max_images)
    require_modality(reference, known.modality, target.modality)
    relations: list[Relation] = []
    folder, place_of = relatedness_folder(), subject.place()

    def work(model: PretrainedModel, place: int) -> ModelRelatedness:
        advance = part_of(progress, place, len(subject.models))
        source, wanted = (
            _view(task, extract_features(model, task, place_of, progress=part_of(advance, half, 2)))
            for half, task in enumerate((known, target))
        )
        advance(1, 1)
        if not labelled:
            related = relate_unlabelled(source, wanted, len(set(target.labels)), how).relatedness
            return ModelRelatedness(model.card.id, related.bound, None, related.seconds)
        related = relate_once(source, wanted, how, folder, model.card.id)
        if stored:
            with RecordStore.open() as store:
                cards = [
                    known.card if reference in CORPORA else place_in_store(store, known.card, reference),
                    place_in_store(store, target.card, subject.dataset),
                ]
                seen = {cards[0].id: source, cards[1].id: wanted}
                found = relate(seen, model.card.id, describe_source(model, target), how, folder)
                store.add(datasets=cards, relations=found, origin="zoograph relatedness")
            relations.extend(found)
        loss = true_loss(wanted, how.tau, how.samples, how.seed)
        return ModelRelatedness(model.card.id, related.bound, loss, related.seconds)

    models, failures = for_each_model(subject, work, task=target)
    models.sort(key=lambda one: one.bound.total)
    return RelatednessReport(known.card.id, target.card.id, tuple(models), tuple(failures), tuple(relations))


def relatedness_folder() -> Path:
    """Return where finished pairs are kept."""
    return make_home() / "cache" / "relatedness"


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
