"""Stored answers: what a predictor said of measured pairs without their records, held against the measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from zoograph.data.records.zoo import Zoo
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.versions.artifact import Artifact


@dataclass(frozen=True)
class StoredAnswer:
    """A pair that was measured, and what the predictor said of it when it was trained; accuracies in [0, 1].

    Attributes:
        lower: lower end of the 90 % interval; ``upper`` likewise.
        measured: mean over the runs.
    """

    model: str
    dataset: str
    predicted: float
    lower: float
    upper: float
    measured: float
    measured_runs: int

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.lower <= self.measured <= self.upper


class Coverage(NamedTuple):
    """How good the answers of a group are.

    Attributes:
        pairs: how many there are.
        covered: share of them whose interval holds what was measured; 0.9 is meant.
        error: mean absolute error.
        width: mean width of the intervals.
    """

    group: str
    pairs: int
    covered: float
    error: float
    width: float


def list_stored_answers(artifact: Artifact, zoo: Zoo) -> Iterator[StoredAnswer]:
    """Yield every measured pair of a zoo that a predictor has an answer for, made without the pair's own records.

    Raises:
        PredictorError: if the table of answers is not one of this predictor.
    """
    manifest, tables = artifact.manifest, artifact.tables()
    models = {name: place for place, name in enumerate(manifest.models)}
    datasets = {name: place for place, name in enumerate(manifest.datasets)}
    measured = measured_pairs(zoo, manifest.protocol, manifest.metric, manifest.modality)
    for (model, dataset), known in measured.items():
        if model in models and dataset in datasets:
            place = models[model], datasets[dataset]
            mean, lower, upper = (float(tables[name][place]) for name in ("mean", "lower", "upper"))
            yield StoredAnswer(model, dataset, mean, lower, upper, known.value, known.num_runs)


def coverage_by_group(answers: Iterable[StoredAnswer], group: Callable[[StoredAnswer], str]) -> list[Coverage]:
    """Return how good the answers of each group are, the largest group first."""
    found = []
    for name, part in groupby(sorted(answers, key=group), key=group):
        members = list(part)
        found.append(
            Coverage(
                name,
                len(members),
                float(np.mean([answer.is_covered for answer in members])),
                float(np.mean([abs(answer.predicted - answer.measured) for answer in members])),
                float(np.mean([answer.upper - answer.lower for answer in members])),
            )
        )
    return sorted(found, key=lambda coverage: (-coverage.pairs, coverage.group))
