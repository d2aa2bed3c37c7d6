"""Shapes of what is sent: the documents of ``docs/json.md``, made of the classes of the Python face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from zoograph.data.ingest.report import TableReport
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.explain import ClassEffect, Missing, ScoreOfPair
from zoograph.training.answers.predict import Row
from zoograph.training.answers.recommend import Candidate, CountedCost


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)

    schema_: int = Field(alias="schema")
    notes: tuple[str, ...]


class _Asked(_Document):
    dataset: str
    protocol: Protocol
    metric: Metric
    modality: str
    predictor: Provenance


class PredictDocument(_Asked):
    """As ``zoograph predict --json``."""

    model: str
    tasks: tuple[Row, ...]
    mean: Row


class FilterStep(BaseModel):
    """What one filter did."""

    option: str
    left: int
    removed: int
    unknown: int


@dataclass(frozen=True, kw_only=True)
class RankedCandidate(Candidate):
    """A row of a ranking."""

    rank: int


class RecommendDocument(_Asked):
    """As ``zoograph recommend --json``, without the files that the command writes."""

    tasks: tuple[str, ...]
    cost: CountedCost
    utility: float
    num_candidates: int
    filters: tuple[FilterStep, ...]
    num_hidden: int
    unranked: tuple[str, ...]
    candidates: tuple[RankedCandidate, ...]
    explanation: dict[str, Any] | None


class ExplainDocument(_Asked):
    """As ``zoograph explain --json``."""

    model: str
    card: dict[str, Any]
    prediction: Row
    evidence: dict[str, Any] | None
    scores: tuple[ScoreOfPair, ...]
    bounds: tuple[dict[str, Any], ...]
    distance: dict[str, Any] | None
    outcome: str | None
    helpful: tuple[ClassEffect, ...]
    harmful: tuple[ClassEffect, ...]
    missing: tuple[Missing, ...]


class IngestDocument(_Document):
    """As ``zoograph ingest --json``; ``rejects`` are the first rows that did not go in."""

    batch: str | None
    dry_run: bool
    tables: tuple[TableReport, ...]
    new: int
    new_models: tuple[str, ...]
    new_datasets: tuple[str, ...]
    protocol: Protocol
    reasons: dict[str, int]
    rejects: tuple[dict[str, str], ...]
    kind: str
    left_out: int


class _Counted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    runs: int
    runs_native: int
    runs_zero_shot: int
    runs_probe: int
    runs_head: int
    runs_finetune: int


class ModelEntry(_Counted):
    """A model, and how many runs there are of it."""

    model: str
    family: str | None
    modalities: tuple[str, ...]
    objective: str | None
    corpora: tuple[str, ...]
    parameters: int | None
    gmacs: float | None
    input_size: int | None
    num_features: int | None
    max_tokens: int | None
    languages: tuple[str, ...]
    derived_from: tuple[str, ...]
    imagenet_top1: float | None
    licence: str | None
    released: str | None
    published: bool
    copied_from: str | None
    source: str


class DatasetEntry(_Counted):
    """A dataset, and how many runs there are on it."""

    dataset: str
    family: str | None
    modality: str
    domain: str | None
    num_classes: int | None
    num_samples: int | None
    labels: int
    source: str


class CollectionEntry(_Counted):
    """A source of cards and runs, and what its page says first."""

    collection: str
    models: int
    datasets: int
    about: str | None


class _Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    total: int
    offset: int


class ModelPage(_Page):
    """Some of the models that are wanted, those with most runs first; ``total`` is how many there are."""

    models: tuple[ModelEntry, ...]


class DatasetPage(_Page):
    """Some of the datasets that are wanted, those with most runs first; ``total`` is how many there are."""

    datasets: tuple[DatasetEntry, ...]


class CollectionPage(_Page):
    """Some of the collections, those with most runs first; ``total`` is how many there are."""

    collections: tuple[CollectionEntry, ...]


class SourceText(BaseModel):
    """A source, and what its page says first."""

    source: str
    about: str | None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str
    name: str
    published: bool | None
    copied_from: str | None
    derived: tuple[dict[str, str], ...]
    members: tuple[str, ...]
    runs: tuple[Run, ...]
    sources: tuple[SourceText, ...]


class ModelDocument(_Entry):
    """As ``zoograph zoo show`` of a model."""

    card: ModelCard


class DatasetDocument(_Entry):
    """As ``zoograph zoo show`` of a dataset, or of a family of them, which has no card."""

    card: DatasetCard | None


class PredictorHealth(BaseModel):
    """The version of a predictor that answers."""

    model_config = ConfigDict(extra="forbid")

    predictor: str
    protocol: Protocol
    metric: Metric
    modality: str
    version: str
    created_at: str
    age: str
    records: int


class Health(BaseModel):
    """Whether the server answers, and from what.

    Attributes:
        data_hash: SHA-256 of all cards and records.
        revision: token of the store, which changes with every write.
        writable: whether the server takes runs from those who have a token.
    """

    model_config = ConfigDict(extra="forbid")

    status: str
    zoograph: str
    data_hash: str
    revision: str
    models: int
    datasets: int
    runs: int
    predictors: tuple[PredictorHealth, ...]
    writable: bool


class JobDocument(BaseModel):
    """A job, as it stands.

    Attributes:
        job: its id, for `GET` and `DELETE /choose/ID`.
        status: ``running``, ``done``, ``cancelled`` or ``failed``.
        elapsed: seconds.
        progress: share of the budget that is spent, in [0, 1].
        stage: what is being done.
        standing: what was measured until now, and the model to pick by that; null before the first measurement.
        choice: as ``zoograph choose --json``; null until the job is done.
        error: why it failed or was stopped; null for a job that did not.
    """

    model_config = ConfigDict(extra="forbid")

    job: str
    folder: str
    status: str
    budget: float
    elapsed: float
    progress: float
    stage: str
    standing: dict[str, Any] | None
    choice: dict[str, Any] | None
    error: str | None


class JobList(BaseModel):
    """The jobs that the server knows, the newest first."""

    jobs: tuple[JobDocument, ...]
