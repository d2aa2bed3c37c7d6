"""Transferability scores of a user's own pairs: images in, rows of the store out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from zoograph.data.images.task import ImageTask
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Score
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.names import require_known
from zoograph.graphs.scores.registry import SCORES
from zoograph.graphs.scores.spec import PROBABILITIES
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.measuring.reports import PairScores, ScoreReport
from zoograph.training.measuring.split_quality import require_difference
from zoograph.training.measuring.store_names import describe_source, known_model, place_in_store
from zoograph.training.measuring.subject import Subject, for_each_model
from zoograph.training.runtime.progress import Progress, part_of


def score_models(
    subject: Subject, scores: Sequence[str] | None = None, fresh: bool = False, progress: Progress | None = None
) -> ScoreReport:
    """Score models on a dataset and store what is new.

    A score that the store has for the same weights and images is not computed again, and features are cached,
    so that a call that was interrupted is repeated from where it was.

    Args:
        subject: models and dataset.
        scores: names; None for all that the models allow.
        fresh: whether scores that the store has are computed again.
        progress: called with (images done, images in all), over all models.

    Raises:
        UnknownName: if a score is not known.
        ZoographError: if the dataset cannot be read.
    """
    if scores is not None:
        require_known(scores)
    task = subject.open()
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, subject.dataset)
        scorer = _Scorer(store, store.snapshot(), task, dataset, subject.place(), scores, fresh)

        found: dict[int, str] = {}

        def work(model: PretrainedModel, place: int) -> PairScores:
            advance = part_of(progress, place, len(subject.models))
            pair = scorer.score(model, advance)
            found[place] = pair.model
            advance(1, 1)
            return pair

        pairs, failures = for_each_model(subject, work, store.names())
    num_samples = task.card.num_samples or len(task)
    meanings = subject.explain_names(found)
    return ScoreReport(dataset.id, len(task), num_samples, tuple(pairs), tuple(failures), meanings)


@dataclass(frozen=True)
class _Scorer:
    """Scores one model after the other on the same task."""

    store: RecordStore
    known: Zoo
    task: ImageTask
    dataset: DatasetCard
    device: torch.device
    names: Sequence[str] | None
    fresh: bool

    def score(self, model: PretrainedModel, progress: Progress) -> PairScores:
        """Compute and store what the store does not have."""
        model_id, new_cards = known_model(self.store, model.card)
        source = describe_source(model, self.task)
        wanted = _applicable(model) if self.names is None else list(self.names)
        stored = {} if self.fresh else self._stored(model_id, source)
        missing = [name for name in wanted if name not in stored]
        computed: dict[str, float | UndefinedScore] = {}
        skipped: dict[str, str] = {}
        if missing:
            seen = extract_features(model, self.task, self.device, progress=progress)
            skipped = seen.skipped
            require_difference(seen.features, self.task.card.id)
            computed = compute_scores(ScoreInputs(seen.features, seen.labels, seen.probabilities), missing)
        values = {name: value for name, value in computed.items() if not isinstance(value, UndefinedScore)}
        if values:
            pair = {"source": source, "model": model_id, "dataset": self.dataset.id}
            rows = [Score(**pair, name=name, value=value) for name, value in values.items()]
            self.store.add(models=new_cards, datasets=[self.dataset], scores=rows)
        known = {**stored, **values}
        return PairScores(
            model_id,
            {name: known[name] for name in wanted if name in known},
            {name: value.reason for name, value in computed.items() if isinstance(value, UndefinedScore)},
            skipped,
            len(values),
        )

    def _stored(self, model: str, source: str) -> dict[str, float]:
        table = self.known.scores
        same = (table["model"] == model) & (table["dataset"] == self.dataset.id) & (table["source"] == source)
        return dict(zip(table.loc[same, "name"], table.loc[same, "value"], strict=True))


def _applicable(model: PretrainedModel) -> list[str]:
    """Return the scores whose needs the model meets: of the source task only its classes are at hand."""
    has_classes = bool(getattr(model.network, "num_classes", 0))
    met = {PROBABILITIES} if has_classes else set()
    return [name for name, spec in SCORES.items() if spec.needs <= met]
