"""The predictor that answers a question now: loaded, trained on the first call, or a baseline for few records."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.errors import NoRecords, PredictorError
from zoograph.data.home import make_home, require_writable
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric
from zoograph.data.store.measurements import Measured
from zoograph.training.answers.current.newer_records import NewerRecords, find_newer
from zoograph.training.answers.current.source import Source
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.answers.question import Question
from zoograph.training.runtime.progress import Progress, Stage, Warn, ignore
from zoograph.training.versions.artifact import Artifact, UnreadablePredictor
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current
from zoograph.training.versions.save import set_aside
from zoograph.training.versions.shipped import take_shipped

if TYPE_CHECKING:
    from torch import Tensor
    from torch_geometric.data import HeteroData

    from zoograph.data.records.zoo import Zoo
    from zoograph.data.store.store import RecordStore
    from zoograph.training.answers.current.few_records import AdditivePredictor
    from zoograph.training.answers.evidence import Evidence
    from zoograph.training.predictors.joint import JointPrediction
    from zoograph.training.versions.restore import Loaded

Columns = Mapping[str, float | None]
"""Mean, lower, upper and baseline of a pair, see :data:`zoograph.training.versions.artifact.COLUMNS`."""


@dataclass(frozen=True)
class Provenance:
    """Where an answer comes from.

    Attributes:
        version: of the predictor; empty where there are too few records for one, and the additive baseline answers.
        created_at: when it was trained, in UTC; empty for the baseline.
        age: the same in words.
        records: runs that it learned from; for the baseline, measured pairs.
        newer_records: runs that came into the store since, counted by whole batches.
        newer_used: whether the answer takes them into account.
        taken_back: batches that it learned from and that are no longer in the store.
        encoder: of texts; empty for the baseline.
    """

    version: str
    created_at: str
    age: str
    records: int
    newer_records: int
    newer_used: bool
    taken_back: int
    encoder: str


class CurrentPredictor:
    """What answers a question: a table that was saved with the predictor, or the predictor itself.

    The store is read and the predictor loaded when they are first needed, and once.

    Args:
        source: its store is open as long as this is used.
        question: what is asked.
        artifact: the predictor; None if there are too few records for one, and the additive baseline answers.
        encoder: text encoder; default as shipped.
        stage: told what is being done.
        zoo: what the store holds, if it was read already.
        models: ids that answers are about beside the question's own.
    """

    def __init__(
        self,
        source: Source,
        question: Question,
        artifact: Artifact | None,
        encoder: str | None = None,
        stage: Stage | None = None,
        zoo: Zoo | None = None,
        models: Sequence[str] = (),
    ) -> None:
        self.question, self.artifact = question, artifact
        self._source, self._store = source, source.store
        self._encoder, self._stage, self._known = encoder, stage or ignore, zoo
        self._models = models

    @cached_property
    def zoo(self) -> Zoo:
        """The cards and records that bear on the question, its own included."""
        return self._stored.with_cards((), self.question.datasets)

    @cached_property
    def _stored(self) -> Zoo:
        """The same without the datasets that the store does not know."""
        zoo, question = self._known, self.question
        if zoo is None:
            self._stage("Reading the store")
            zoo = self._store.summary()
        models = (*self._models, *([] if question.model is None else [question.model]))
        tasks = tuple(task for task in question.tasks if task in zoo.datasets)

        def choose() -> Zoo:
            return zoo.with_cards(question.models).part(question.metric, question.modality, models, tasks)

        source = self._source
        return choose() if source.kept is None else source.zoos.get((*self._key, models, tasks), choose)

    def measured_on(self, datasets: Collection[str] | None = None) -> dict[tuple[str, str], Measured]:
        """Return what was measured on some datasets, by (model, dataset); default: on all."""
        question = self.question
        return measured_pairs(self.zoo, question.protocol, question.metric, question.modality, datasets)

    @cached_property
    def saved(self) -> list[dict[str, float]] | None:
        """The answer for each task as it was saved with the predictor; None if newer knowledge bears on it."""
        question = self.question
        if self.artifact is None or question.model is None or self._newer.touch:
            return None
        known = self.artifact.manifest.scores
        scores = {name: known[name] for name in question.tasks if name in known}
        if self._store.score_digests(question.tasks) != scores:
            return None
        return self.artifact.rows(question.model, question.tasks)

    def predict(self) -> Sequence[Columns]:
        """Return the answer for each task of the question."""
        if self.saved is not None:
            return self.saved
        pairs = [(str(self.question.model), task) for task in self.question.tasks]
        self._stage("Loading the libraries")
        if self.artifact is None:
            from zoograph.training.answers.current.few_records import predict_pairs as predict_additively

            return predict_additively(*self._additive, pairs)

        from zoograph.training.versions.restore import predict_pairs

        trained = self._trained
        self._stage("Predicting")
        return predict_pairs(*trained, pairs)

    def joint(self, models: Sequence[str]) -> JointPrediction:
        """Return what is expected of ``models`` on the mean over the tasks, from every record."""
        self._stage("Loading the libraries")
        graph, nodes = self.graph, self.nodes(models)
        self._stage("Weighing the records")
        if self.artifact is None:
            return self._additive[1].joint(*nodes)
        from zoograph.training.versions.restore import rank_models

        return rank_models(graph, self._trained[1], *nodes)

    @property
    def graph(self) -> HeteroData:
        """Everything that the answers rest on."""
        return self._additive[0] if self.artifact is None else self._trained[0]

    def nodes(self, models: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the nodes of ``models``, and those of the tasks."""
        from zoograph.graphs.schema import DATASET, MODEL
        from zoograph.models.training_records import same_names

        return same_names(models, self.graph[MODEL].ids), same_names(self.question.tasks, self.graph[DATASET].ids)

    def find_evidence(self, model: str) -> Evidence | None:
        """Return what the prediction of ``model`` rests on; None if the additive baseline answers."""
        if self.artifact is None:
            return None
        from zoograph.training.answers.evidence import find_evidence

        graph, predictor, _ = self._trained
        self._stage("Looking for what the prediction rests on")
        return find_evidence(predictor, graph, model, self.question.tasks, self.measured_on)

    def provenance(self) -> Provenance:
        """Return where the answer comes from."""
        if self.artifact is None:
            return Provenance("", "", "", len(self.measured_on()), 0, True, 0, "")
        manifest, newer = self.artifact.manifest, self._newer
        return Provenance(
            manifest.version,
            manifest.created_at.isoformat(timespec="seconds"),
            describe_age((datetime.now(UTC) - manifest.created_at).total_seconds()),
            manifest.num_records,
            newer.runs,
            self.saved is None,
            newer.taken_back,
            manifest.encoder,
        )

    @cached_property
    def _newer(self) -> NewerRecords:
        assert self.artifact is not None
        return find_newer(self._store, self.artifact, self.question)

    @cached_property
    def _trained(self) -> Loaded:
        from zoograph.graphs.new_datasets import is_new
        from zoograph.graphs.plain_graph import PlainGraph
        from zoograph.training.versions.restore import with_new_datasets

        zoo, new = self._stored, self.question.datasets
        if not all(is_new(zoo, card) for card in new):
            return self._load(self.zoo)
        loaded = self._load(zoo)
        if not new:
            return loaded
        if not isinstance(loaded[0], PlainGraph):
            return self._load(self.zoo)
        return with_new_datasets(loaded, zoo, new, self._encoder, self._stage)

    def _load(self, zoo: Zoo) -> Loaded:
        """Return the predictor on the graph of a zoo."""
        from zoograph.training.versions.restore import load_on

        assert self.artifact is not None
        artifact, kept, question = self.artifact, self._source.kept, self.question
        asked = (*question.tasks, *([] if question.model is None else [question.model]))

        def load() -> Loaded:
            self._stage("Loading the predictor")
            return load_on(artifact, zoo, self._encoder, self._stage, asked)

        if kept is None:
            return load()
        new = (card.model_dump_json() for card in question.datasets if card.id in zoo.datasets)
        return kept.get((artifact.folder, self._encoder, *self._key, *new, *zoo.models, *zoo.datasets), load)

    @cached_property
    def _key(self) -> tuple[Hashable, ...]:
        """What tells the graph of this question from others, beside the names of its nodes and new datasets."""
        question = self.question
        new = (card.model_dump_json() for card in question.models)
        return (self._store.revision, question.metric, question.modality, *new)

    @cached_property
    def _additive(self) -> tuple[HeteroData, AdditivePredictor]:
        from zoograph.training.answers.current.few_records import make_additive

        return make_additive(self.zoo, self.question.protocol, self.question.metric)


def open_predictor(
    source: Source,
    question: Question,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    zoo: Zoo | None = None,
    models: Sequence[str] = (),
) -> CurrentPredictor:
    """Return what answers a question; a predictor is trained if there is none, or a damaged one, and who asks is local.

    Raises:
        EncoderError: if nobody knows the encoder.
        NoRecords: if there is no record to predict from.
        PredictorError: if there is no predictor for somebody who is not local, if it cannot be saved, or a damaged one
            cannot be moved aside.
        StoreError: if the state folder cannot be written, which is found out before the training.
    """
    store, root = source.store, predictor_root(question.protocol, encoder, question.metric, question.modality)
    artifact = _load(root, warn or ignore)
    if artifact is None:
        artifact = take_shipped(root, store.batch_digests(question.metric, question.modality))
    current = CurrentPredictor(source, question, artifact, encoder, stage, zoo, models)
    if artifact is not None:
        return current

    from zoograph.training.predictors.evidence import MINIMUM_RECORDS

    number = len(current.measured_on())
    if not number:
        raise NoRecords(
            f"There is no record of {question.metric.description} ({question.protocol.description}) on "
            f"{question.modality}s to predict from. {_how_to_get_records(question)}{_what_has_records(store, question)}"
        )
    if number < MINIMUM_RECORDS:
        return current
    if not source.local:
        raise PredictorError(
            f"There is no predictor of {question.metric.description} ({question.protocol.description}) yet. "
            f"Run 'zoograph recommend --dataset {question.dataset}' once where the records are, which trains one."
        )
    require_writable(make_home())
    (stage or ignore)("Training a predictor, once")
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.training_lock import training_alone

    with training_alone(root):
        current.artifact = load_current(root) or train_predictor(
            store, root, question.protocol, question.metric, encoder, progress=progress, modality=question.modality
        )
    return current


def _what_has_records(store: RecordStore, question: Question) -> str:
    """Return which protocols and metrics can be asked about what the question is about; empty where none can."""
    ways = [f"{kind} {metric}" for kind, metric, what in store.ways_measured() if what == question.modality]
    return f" Records on {question.modality}s are of: {', '.join(ways)}." if ways else ""


def _how_to_get_records(question: Question) -> str:
    from zoograph.training.measuring.subject import MEASURABLE

    if (question.metric, question.modality) == (Metric.TOP1, Modality.IMAGE) and question.protocol in MEASURABLE:
        measure = f"zoograph measure --protocol {question.protocol.value}"
        return f"Measure some pairs with '{measure}', or bring records with 'zoograph ingest'."
    return "Bring records with 'zoograph ingest'."


def _load(root: Path, warn: Warn) -> Artifact | None:
    """Return the current predictor; None if there is none, or if a damaged one was moved aside."""
    try:
        return load_current(root)
    except UnreadablePredictor:  # nothing says that it is damaged
        raise
    except PredictorError as error:
        aside = set_aside(root)
        if aside is not None:
            warn(f"{error} It was moved to '{aside}', and another one takes its place.")
        return None


def describe_age(seconds: float) -> str:
    """Return an age in words, such as ``2 days ago``."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count > 0:  # clocks of two machines may disagree
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
