"""Records: what was measured. One row is one run, score, relation or influence; repeats are kept."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from zoograph.data.records.fields import Count, Moment, Name, Settings, Whole


def _without_sign_of_zero(value: float) -> float:
    return value + 0.0  # −0.0 and 0.0 are one number, and must be one record


Finite = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_without_sign_of_zero)]

PARAMETER_DISTANCE = "parameter_distance"
"""The score that is log T of :mod:`zoograph.graphs.scores.analysis.parameter_distance`."""

HINDSIGHT = frozenset({PARAMETER_DISTANCE})
"""Scores that are known only after a model was trained on the dataset. They are kept, and nothing that predicts reads
them: no graph, no ranking of scores, and no token of what a predictor has seen."""


class Protocol(StrEnum):
    """What is done to a model before it is measured on a dataset, from cheap to dear.

    ``native``: nothing; its own head names the classes. ``zero_shot``: nothing; names of classes are compared with
    images by an image-text model. ``probe``: k-nearest neighbours or logistic regression on the features of a small
    sample. ``head``: a new head is trained on all images, or on some of each class. ``finetune``: everything is
    trained.
    """

    NATIVE = "native"
    ZERO_SHOT = "zero_shot"
    PROBE = "probe"
    HEAD = "head"
    FINETUNE = "finetune"

    @property
    def description(self) -> str:
        """The protocol in words."""
        return _PROTOCOLS[self]


_PROTOCOLS = {
    Protocol.NATIVE: "own head, nothing trained",
    Protocol.ZERO_SHOT: "zero-shot classification",
    Protocol.PROBE: "probe on a small sample",
    Protocol.HEAD: "retrained head",
    Protocol.FINETUNE: "full fine-tuning",
}


class Metric(StrEnum):
    """What a run measured, in [0, 1], higher is better. Metrics are kept apart and never averaged with each other."""

    TOP1 = "top1"
    TOP5 = "top5"
    MEAN_PER_CLASS = "mean_per_class"
    WORST_GROUP = "worst_group"
    F1 = "f1"
    MAP = "map"
    LRAP = "lrap"
    AUROC = "auroc"
    MIOU = "miou"
    RECALL = "recall"
    JACCARD = "jaccard"
    R2 = "r2"

    @property
    def description(self) -> str:
        """The metric in words."""
        return _METRICS[self]


_METRICS = {
    Metric.TOP1: "top-1 accuracy",
    Metric.TOP5: "top-5 accuracy",
    Metric.MEAN_PER_CLASS: "accuracy, mean over classes",
    Metric.WORST_GROUP: "accuracy on the worst group",
    Metric.F1: "F1 score",
    Metric.MAP: "mean average precision",
    Metric.LRAP: "label ranking average precision",
    Metric.AUROC: "area under the ROC curve",
    Metric.MIOU: "mean intersection over union",
    Metric.RECALL: "retrieval recall",
    Metric.JACCARD: "Jaccard index",
    Metric.R2: "R² (coefficient of determination)",
}


ACCURACIES = frozenset({Metric.TOP1, Metric.MEAN_PER_CLASS})
"""Metrics whose value for a guess is one over the number of classes."""


class Record(BaseModel):
    """A measured row whose identity is its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    source: Name

    @property
    def identity(self) -> str:
        """SHA-256 of the content: the same row, read twice, is one row."""
        content = self.model_dump(mode="json", exclude_none=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


WARNINGS = "warnings"
"""Among the settings of a run: sentences that are to be known before its value is believed."""


class Run(Record):
    """One transfer of one model to one dataset.

    Attributes:
        value: the metric, in [0, 1], higher is better.
        train_size: images, or texts, trained on.
        test_size: images, or texts, that ``value`` was measured on.
        measured_at: when, if known.
        shots: images of each class that were trained on; None for all of them, or where nothing is trained.
        input_size: side of the square input, in pixels.
        repeats: runs with different draws that ``value`` is the mean of; None for one.
        failure: why the run says nothing of the model, such as a training that failed; it is kept and not learned from.
    """

    model: Name
    dataset: Name
    protocol: Protocol
    metric: Metric = Metric.TOP1
    value: Annotated[Finite, Field(ge=0.0, le=1.0)]
    train_size: Count | None = None
    test_size: Count | None = None
    seed: Whole | None = None
    hyperparameters: Settings = Field(default_factory=dict)
    measured_at: Moment | None = None
    shots: Count | None = None
    input_size: Count | None = None
    repeats: Count | None = None
    failure: Name | None = None


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
    standard_error: Annotated[Finite, Field(ge=0.0)] | None = None
    num_models: Count | None = None
