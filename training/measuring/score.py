"""Transferability scores of a user's own pairs: images or texts in, rows of the store out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zoograph.data.errors import ZoographError
from zoograph.data.images.masks import MaskTask
from zoograph.data.networks.dense import PIXELS, SEED, extract_pixels
from zoograph.data.networks.features import Features, extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Score
from zoograph.data.records.spellings import Target
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import open_task
from zoograph.data.tasks.task import LabelledTask
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.names import require_known
from zoograph.graphs.scores.registry import SCORES
from zoograph.graphs.scores.spec import PROBABILITIES, SOURCE_TASK, ScoreSpec
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.measuring.reports import PairScores, ScoreReport
from zoograph.training.measuring.split_quality import require_difference
from zoograph.training.measuring.store_names import describe_source, known_model, place_in_store
from zoograph.training.measuring.subject import Subject, for_each_model
from zoograph.training.runtime.progress import Progress, part_of


def score_models(
    subject: Subject,
    scores: Sequence[str] | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    reference: str | None = None,
    num_pixels: int = PIXELS,
) -> ScoreReport:
    """Score models on a dataset and store what is new.

    A score that the store has for the same weights and samples is not computed again, and features are cached,
    so that a call that was interrupted is repeated from where it was.

    Args:
        subject: models and dataset.
        scores: names; None for all that the models allow.
        fresh: whether scores that the store has are computed again.
        progress: called with (samples done, samples in all), over all models.
        reference: the task that models transfer from, as :func:`zoograph.data.tasks.sources.open_task` takes it, for
            the scores that compare two tasks. They are shown and not stored: of another reference they are others.
        num_pixels: size of the sample of places where pixels have classes.

    Raises:
        UnknownName: if a score is not known.
        ZoographError: if a dataset cannot be read, or a score needs a reference and there is none.
    """
    if scores is not None:
        require_known(scores)
        require_reference(scores, reference)
    task = subject.open(tuple(Target))
    if scores is not None:
        require_defined(scores, task.target)
    if reference is not None and task.target is not Target.CLASSES:
        raise ZoographError(f"A reference is compared with classes (got {task.target}). Leave '--reference' out.")
    source = None if reference is None else open_task(reference, modality=task.modality)
    if source is not None and subject.max_images is not None:
        source = source.sample(subject.max_images)
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, subject.dataset)
        scorer = _Scorer(store, store.snapshot(), task, dataset, subject.place(), scores, fresh, source, num_pixels)

        found: dict[int, str] = {}

        def work(model: PretrainedModel, place: int) -> PairScores:
            advance = part_of(progress, place, len(subject.models))
            pair = scorer.score(model, advance)
            found[place] = pair.model
            advance(1, 1)
            return pair

        pairs, failures = for_each_model(subject, work, store, task)
    num_samples = task.card.num_samples or len(task)
    meanings = subject.explain_names(found)
    between = None if source is None else source.card.id
    return ScoreReport(
        dataset.id,
        len(task),
        num_samples,
        tuple(pairs),
        tuple(failures),
        meanings,
        between,
        task.samples_word,
        task.target,
    )


def require_reference(scores: Sequence[str], reference: str | None) -> None:
    """Raise if a score compares two tasks and one of them is missing.

    Raises:
        ZoographError: with what to add.
    """
    for name in scores:
        if reference is None and SOURCE_TASK in SCORES[name].needs:
            raise ZoographError(
                f"The score '{name}' compares the dataset with the task that models transfer from (got none). "
                "Add it with '--reference'."
            )


def require_defined(scores: Sequence[str], target: Target) -> None:
    """Raise if a score has no definition for the targets of a task.

    Raises:
        ZoographError: with the scores that have one.
    """
    defined = [name for name, spec in SCORES.items() if is_defined(spec, target)]
    for name in scores:
        if name not in defined:
            needs = "classes" if target is Target.VALUES else "what a model says of whole images, or another task"
            raise ZoographError(f"The score '{name}' needs {needs} (got {target}). Ask for {', '.join(defined)}.")


def is_defined(spec: ScoreSpec, target: Target) -> bool:
    """Return whether a score has a definition for such targets."""
    if target is Target.VALUES:
        return spec.of_values is not None
    return target is Target.CLASSES or not spec.needs


@dataclass(frozen=True)
class _Scorer:
    """Scores one model after the other on the same task."""

    store: RecordStore
    known: Zoo
    task: LabelledTask
    dataset: DatasetCard
    device: torch.device
    names: Sequence[str] | None
    fresh: bool
    reference: LabelledTask | None
    num_pixels: int

    def score(self, model: PretrainedModel, progress: Progress) -> PairScores:
        """Compute and store what the store does not have."""
        model_id, new_cards = known_model(self.store, model.card)
        source = describe_source(model, self.task, self._sample())
        wanted = self._applicable(model) if self.names is None else list(self.names)
        stored = {} if self.fresh else self._stored(model_id, source)
        missing = [name for name in wanted if name not in stored]
        computed: dict[str, float | UndefinedScore] = {}
        skipped: dict[str, str] = {}
        num_cut = num_pixels = 0
        if missing:
            halves = 1 if self.reference is None else 2
            seen = self._look(model, part_of(progress, 0, halves))
            skipped, num_cut = dict(seen.skipped), seen.num_cut
            num_pixels = len(seen.labels) if self.task.target is Target.PIXELS else 0
            require_difference(seen.features, self.task.card.id, self.task.samples_word)
            known_task: tuple[Tensor | None, Tensor | None] = (None, None)
            if self.reference is not None:
                also = extract_features(model, self.reference, self.device, progress=part_of(progress, 1, halves))
                skipped.update(also.skipped)
                known_task = also.features, also.labels
            inputs: ScoreInputs | RealInputs = (
                ScoreInputs(seen.features, seen.labels, seen.probabilities, *known_task)
                if seen.values is None
                else RealInputs(seen.features, seen.values[:, None])
            )
            computed = compute_scores(inputs, missing)
        values = {name: value for name, value in computed.items() if not isinstance(value, UndefinedScore)}
        kept = {name: value for name, value in values.items() if SOURCE_TASK not in SCORES[name].needs}
        if kept:
            pair = {"source": source, "model": model_id, "dataset": self.dataset.id}
            rows = [Score(**pair, name=self.task.target.stored(name), value=value) for name, value in kept.items()]
            self.store.add(models=new_cards, datasets=[self.dataset], scores=rows)
        known = {**stored, **values}
        return PairScores(
            model_id,
            {name: known[name] for name in wanted if name in known},
            {name: value.reason for name, value in computed.items() if isinstance(value, UndefinedScore)},
            skipped,
            len(values),
            num_cut,
            num_pixels,
        )

    def _look(self, model: PretrainedModel, progress: Progress) -> Features:
        if isinstance(self.task, MaskTask):
            return extract_pixels(model, self.task, self.device, self.num_pixels, progress=progress)
        return extract_features(model, self.task, self.device, progress=progress)

    def _sample(self) -> str:
        """Return what sample of the task is looked at, if it is not the whole."""
        return f"{self.num_pixels} pixels, seed {SEED}" if self.task.target is Target.PIXELS else ""

    def _stored(self, model: str, source: str) -> dict[str, float]:
        table = self.known.scores
        same = (table["model"] == model) & (table["dataset"] == self.dataset.id) & (table["source"] == source)
        held = dict(zip(table.loc[same, "name"], table.loc[same, "value"], strict=True))
        stored = {name: self.task.target.stored(name) for name in SCORES}
        return {name: held[kept] for name, kept in stored.items() if kept in held}

    def _applicable(self, model: PretrainedModel) -> list[str]:
        """Return the scores that the targets have, and whose needs the model and the reference meet."""
        met = {PROBABILITIES} if getattr(model.network, "num_classes", 0) else set()
        met |= set() if self.reference is None else {SOURCE_TASK}
        return [name for name, spec in SCORES.items() if spec.needs <= met and is_defined(spec, self.task.target)]
