"""Transferability scores of a user's own pairs: images or texts in, rows of the store out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from zoograph.data.errors import ZoographError
from zoograph.data.images.masks import MaskTask
from zoograph.data.networks.dense import PIXELS, SEED, extract_pixels
from zoograph.data.networks.devices import find_device
from zoograph.data.networks.features import Features, extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import Score
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import is_local, open_task
from zoograph.data.tasks.task import LabelledTask
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.names import require_known
from zoograph.graphs.scores.registry import SCORES
from zoograph.graphs.scores.spec import PROBABILITIES, SOURCE_TASK, ScoreSpec
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.measuring.each_model import HERE, Asked, look_with_each, once
from zoograph.training.measuring.reports import PairScores, ScoreReport
from zoograph.training.measuring.split_quality import require_difference
from zoograph.training.measuring.store_names import describe_source, known_model, place_in_store
from zoograph.training.measuring.subject import Subject
from zoograph.training.runtime.progress import Progress, part_of

if TYPE_CHECKING:
    import pandas as pd
    import torch

_REFERENCE = "reference"
_LOOKING = 9  # times as long as a model looks at the samples of a task as its scores take, for a steady bar


def score_models(
    subject: Subject,
    scores: Sequence[str] | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    reference: str | None = None,
    num_pixels: int = PIXELS,
    where: Where = HERE,
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
        where: they are computed; they are stored here.

    Raises:
        UnknownName: if a score is not known.
        ZoographError: if a dataset cannot be read, a score needs a reference and there is none, or a sample
            of places is asked for where whole samples have targets.
    """
    if scores is not None:
        require_known(scores)
        require_reference(scores, reference)
    task = subject.open(tuple(Target))
    if scores is not None:
        require_defined(scores, task.target)
    if num_pixels != PIXELS and task.target is not Target.PIXELS:
        raise ZoographError(
            f"'--pixels' is for a folder with images and masks (got '{subject.dataset}', with {task.target}). Leave it "
            "out; '--max-images' is the size of the probe."
        )
    if reference is not None and task.target is not Target.CLASSES:
        raise ZoographError(f"A reference is compared with classes (got {task.target}). Leave '--reference' out.")
    source = None if reference is None else _open_reference(reference, task.modality, subject.max_images)
    if reference is not None and where.kind is not ExecutorKind.LOCAL and is_local(reference):
        reference = str(Path(reference).expanduser().absolute())
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, subject.dataset)
        stored = _Stored(store, dataset, task.target, None if fresh else store.snapshot().scores)
        pairs: dict[int, PairScores] = {}

        def take(place: int, scored: Scored) -> None:
            pairs[place] = stored.add(scored)

        names = None if scores is None else tuple(scores)
        request = ScoreRequest(names, stored.known, subject.device, reference, subject.max_images, num_pixels)
        asked = [Asked(place, request) for place in range(len(subject.models))]
        held = {} if source is None else {_REFERENCE: source}
        failures = look_with_each(
            subject, task, score_with, asked, take, store, where, progress, held=held, targets=tuple(Target)
        )
    num_samples = task.card.num_samples or len(task)
    meanings = subject.explain_names({place: pair.model for place, pair in sorted(pairs.items())})
    found = tuple(pairs[place] for place in sorted(pairs))
    between = None if source is None else source.card.id
    return ScoreReport(
        dataset.id,
        len(task),
        num_samples,
        found,
        tuple(failures),
        meanings,
        between,
        task.samples_word,
        task.target,
        None if task.target is Target.VALUES else len(set(task.labels)),
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
class ScoreRequest:
    """What is asked of a model, as plain data.

    Attributes:
        names: of the scores; None for all that the model allows.
        known: source of records -> names of the scores that the store has; they are not computed again.
        device: where to compute.
        reference: the task that models transfer from.
        max_images: size of the sample of that task.
        num_pixels: size of the sample of places where pixels have classes.
    """

    names: tuple[str, ...] | None
    known: Mapping[str, tuple[str, ...]]
    device: str | None
    reference: str | None
    max_images: int | None
    num_pixels: int


@dataclass(frozen=True)
class Scored:
    """What was found of a model, as plain data.

    Attributes:
        card: of the model.
        source: of the records.
        wanted: names of the scores, in order.
        values: of those that were computed.
        undefined: names of those without a value, and why.
        skipped: images that could not be read -> what is wrong with them.
        num_cut: samples that the model does not read to their end.
        num_pixels: places of its maps of features that were looked at; 0 where whole samples have targets.
    """

    card: ModelCard
    source: str
    wanted: tuple[str, ...]
    values: Mapping[str, float]
    undefined: Mapping[str, str]
    skipped: Mapping[str, str]
    num_cut: int
    num_pixels: int


def score_with(model: PretrainedModel, task: LabelledTask, request: ScoreRequest, progress: Progress | None) -> Scored:
    """Compute the scores of one model that are not known; nothing is stored."""
    pixels = task.target is Target.PIXELS
    source = describe_source(model, task, f"{request.num_pixels} pixels, seed {SEED}" if pixels else "")
    wanted = _applicable(model, task, request) if request.names is None else request.names
    missing = [name for name in wanted if name not in request.known.get(source, ())]
    computed: dict[str, float | UndefinedScore] = {}
    skipped: dict[str, str] = {}
    num_cut = num_pixels = 0
    if missing:
        device = find_device(request.device)
        parts = _LOOKING * (1 if request.reference is None else 2) + 1
        seen = _look(model, task, device, request.num_pixels, part_of(progress, 0, parts, _LOOKING))
        skipped, num_cut = dict(seen.skipped), seen.num_cut
        num_pixels = len(seen.labels) if pixels else 0
        require_difference(seen.features, task.card.id, task.samples_word)
        known_task: tuple[Tensor | None, Tensor | None] = (None, None)
        if request.reference is not None:
            place, modality, size = request.reference, task.modality, request.max_images
            reference = once(_REFERENCE, lambda: _open_reference(place, modality, size))
            also = extract_features(model, reference, device, progress=part_of(progress, _LOOKING, parts, _LOOKING))
            skipped.update(also.skipped)
            known_task = also.features, also.labels
        inputs: ScoreInputs | RealInputs = (
            ScoreInputs(seen.features, seen.labels, seen.probabilities, *known_task)
            if seen.values is None
            else RealInputs(seen.features, seen.values[:, None])
        )
        computed = compute_scores(inputs, missing, part_of(progress, parts - 1, parts))
    return Scored(
        model.card,
        source,
        tuple(wanted),
        {name: value for name, value in computed.items() if not isinstance(value, UndefinedScore)},
        {name: value.reason for name, value in computed.items() if isinstance(value, UndefinedScore)},
        skipped,
        num_cut,
        num_pixels,
    )


def _look(
    model: PretrainedModel, task: LabelledTask, device: torch.device, num_pixels: int, progress: Progress
) -> Features:
    if isinstance(task, MaskTask):
        return extract_pixels(model, task, device, num_pixels, progress=progress)
    return extract_features(model, task, device, progress=progress)


class _Stored:
    """The scores of a dataset that a store has, and how more come in.

    Args:
        store: that is added to.
        dataset: in the store.
        target: of the dataset.
        scores: rows of the store; None where all are to be computed again.
    """

    def __init__(self, store: RecordStore, dataset: DatasetCard, target: Target, scores: pd.DataFrame | None) -> None:
        self._store, self._dataset, self._target = store, dataset, target
        self._values: dict[tuple[str, str], dict[str, float]] = {}
        if scores is not None:
            names = {target.stored(name): name for name in SCORES}
            rows = scores.loc[scores["dataset"] == dataset.id, ["model", "source", "name", "value"]]
            for model, source, name, value in rows.itertuples(index=False):
                if str(name) in names:
                    self._values.setdefault((str(source), str(model)), {})[names[str(name)]] = float(value)

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """Names of the scores of each source; which weights they are of, the source says."""
        found: dict[str, dict[str, float]] = {}
        for (source, _), values in self._values.items():
            found.setdefault(source, {}).update(values)
        return {source: tuple(values) for source, values in found.items()}

    def add(self, scored: Scored) -> PairScores:
        """Store what was computed, and return it with what was known of the same weights and samples."""
        model, new_cards = known_model(self._store, scored.card)
        same = [values for (source, _), values in self._values.items() if source == scored.source]
        known = {name: value for values in same for name, value in values.items()}
        own = self._values.get((scored.source, model), {})
        new = {name: value for name, value in {**known, **scored.values}.items() if own.get(name) != value}
        kept = {name: value for name, value in new.items() if SOURCE_TASK not in SCORES[name].needs}
        if kept:
            pair = {"source": scored.source, "model": model, "dataset": self._dataset.id}
            rows = [Score(**pair, name=self._target.stored(name), value=value) for name, value in kept.items()]
            self._store.add(models=new_cards, datasets=[self._dataset], scores=rows, origin="score")
        values = {**known, **scored.values}
        return PairScores(
            model,
            {name: values[name] for name in scored.wanted if name in values},
            dict(scored.undefined),
            scored.skipped,
            len(scored.values),
            scored.num_cut,
            scored.num_pixels,
        )


def _open_reference(name: str, modality: Modality, max_images: int | None) -> LabelledTask:
    task = open_task(name, modality=modality)
    return task if max_images is None else task.sample(max_images)


def _applicable(model: PretrainedModel, task: LabelledTask, request: ScoreRequest) -> list[str]:
    """Return the scores that the targets have, and whose needs the model and the reference meet."""
    met = {PROBABILITIES} if getattr(model.network, "num_classes", 0) else set()
    met |= set() if request.reference is None else {SOURCE_TASK}
    return [name for name, spec in SCORES.items() if spec.needs <= met and is_defined(spec, task.target)]
