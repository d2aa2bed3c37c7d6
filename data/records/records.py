"""Records: what was measured. One row is one run, score, relation or influence; repeats are kept."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from zoograph.data.records.fields import Count, Name

Finite = Annotated[float, Field(allow_inf_nan=False)]

PARAMETER_DISTANCE = "parameter_distance"
"""The score that is log T of :mod:`zoograph.graphs.scores.analysis.parameter_distance`."""

HINDSIGHT = frozenset({PARAMETER_DISTANCE})
"""Scores that are known only after a model was trained on the dataset. They are kept, and nothing that predicts reads
them: no graph, no ranking of scores, and no token of what a predictor has seen."""


class Protocol(StrEnum):
    """How a model was transferred."""

    HEAD = "head"
    FINETUNE = "finetune"

    @property
    def description(self) -> str:
        """The protocol in words."""
        return {"head": "retrained head", "finetune": "full fine-tuning"}[self.value]


class Metric(StrEnum):
    """What a run measured. Metrics are kept apart and never averaged with each other."""

    TOP1 = "top1"
    MIOU = "miou"
    F1 = "f1"


class Record(BaseModel):
    """A measured row whose identity is its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    source: Name

    @property
    def identity(self) -> str:
        """SHA-256 of the content: the same row, read twice, is one row."""
        content = self.model_dump(mode="json", exclude_none=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Run(Record):
    """One transfer of one model to one dataset.

    Attributes:
        value: the metric, in [0, 1], higher is better.
        train_size: images trained on.
        test_size: images that ``value`` was measured on.
        measured_at: when, if known.
    """

    model: Name
    dataset: Name
    protocol: Protocol
    metric: Metric = Metric.TOP1
    value: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
    train_size: Count | None = None
    test_size: Count | None = None
    seed: int | None = None
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    measured_at: datetime | None = None


class Score(Record):
    """One transferability score of a model on a dataset, such as ``logme``; higher means better expected transfer."""

    model: Name
    dataset: Name
    name: Name
    value: Finite


class Relation(Record):
    """One measured quantity between two datasets, such as ``domain_distance``; symmetric, stored once."""

    dataset: Name
    other: Name
    name: Name
    value: Finite


class ClassInfluence(Record):
    """What a class of a source task does to a target, over models that were pre-trained with and without it.

    Attributes:
        label: the class, as the card of ``corpus`` calls it.
        corpus: id of the source task.
        dataset: id of the target.
        name: of the outcome, such as ``influence_correct``.
        value: mean outcome with the class minus that without it; higher is more helpful.
        standard_error: of ``value`` over models, at least 0.
        num_models: behind ``value``.
    """

    label: Name
    corpus: Name
    dataset: Name
    name: Name
    value: Finite
    standard_error: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None
    num_models: Count | None = None
