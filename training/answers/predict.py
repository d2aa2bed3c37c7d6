"""From a question to an answer: names, the predictor, its table, and the cards of newcomers.

The warm path, a known pair and a trained predictor, imports neither torch nor PyG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoograph.data.records.choices import choose
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current_predictor import Provenance, current_predictor, get_provenance
from zoograph.training.answers.question import find_datasets, find_model
from zoograph.training.runtime.progress import Progress, Stage, Warn, ignore
from zoograph.training.versions.artifact import Artifact


@dataclass(frozen=True)
class Row:
    """The answer for one dataset; accuracies in [0, 1], ``measured`` is None where there is no record."""

    dataset: str
    predicted: float
    lower: float
    upper: float
    linear_regression: float
    measured: float | None
    measured_runs: int


@dataclass(frozen=True)
class Answer:
    """Everything that ``predict`` prints.

    Attributes:
        mean: over the rows. Its interval is the mean of the intervals, which holds however the errors of the
            tasks go together; ``measured`` is given only if every row is measured.
        new: models and datasets that the predictor knows by their cards alone.
    """

    model: str
    dataset: str
    protocol: Protocol
    provenance: Provenance
    rows: tuple[Row, ...]
    mean: Row
    new: tuple[str, ...]


def predict(
    model: str,
    dataset: str,
    protocol: Protocol | str | None = None,
    domain: str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
) -> Answer:
    """Answer ``predict --model MODEL --dataset DATASET``, training a predictor if there is none.

    Args:
        model: a name in the store, or one that timm knows.
        dataset: a name or a family in the store, or a folder of images.
        protocol: default: the one that most of the dataset's records have, else a retrained head.
        domain: kind of images in a folder.
        encoder: text encoder; default as shipped.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know, such as a damaged predictor that was set aside.
        stage: told what is being done, in a few words.

    Raises:
        ZoographError: with what to do next.
    """
    warn, stage = warn or ignore, stage or ignore
    protocol = None if protocol is None else choose(Protocol, protocol)
    with RecordStore.open() as store:
        names = store.names()
        model_id, model_cards = find_model(names, model)
        dataset_ids, dataset_cards = find_datasets(names, dataset, domain, warn)
        protocol = protocol or next(iter(store.protocols(dataset_ids)), Protocol.HEAD)
        artifact = current_predictor(store, protocol, encoder, progress, warn)
        answered = [artifact.row(model_id, name) for name in dataset_ids]
        stage("Predicting")
        if None in answered or _scored_since(store, artifact, dataset_ids):
            from zoograph.training.versions.restore import predict_from_cards

            pairs = [(model_id, name) for name in dataset_ids]
            answered = list(predict_from_cards(store, artifact, model_cards, dataset_cards, pairs, encoder))
        measured = store.measured(model_id, dataset_ids, protocol)
        rows = []
        for name, values in zip(dataset_ids, answered, strict=True):
            assert values is not None
            known = measured.get(name)
            rows.append(
                Row(
                    name,
                    values["mean"],
                    values["lower"],
                    values["upper"],
                    values["baseline"],
                    known.value if known else None,
                    known.num_runs if known else 0,
                )
            )
        return Answer(
            model_id,
            dataset if len(rows) > 1 else rows[0].dataset,
            protocol,
            get_provenance(store, artifact, protocol),
            tuple(rows),
            _mean(rows),
            tuple(card.id for card in (*model_cards, *dataset_cards)),
        )


def _scored_since(store: RecordStore, artifact: Artifact, datasets: Sequence[str]) -> bool:
    """Return whether ``datasets`` have other scores than when the predictor's table was written."""
    known = artifact.manifest.scores
    return store.score_digests(datasets) != {name: known[name] for name in datasets if name in known}


def _mean(rows: list[Row]) -> Row:
    def average(values: list[float]) -> float:
        return sum(values) / len(values)

    measured = [row.measured for row in rows if row.measured is not None]
    return Row(
        "mean",
        average([row.predicted for row in rows]),
        average([row.lower for row in rows]),
        average([row.upper for row in rows]),
        average([row.linear_regression for row in rows]),
        average(measured) if len(measured) == len(rows) else None,
        sum(row.measured_runs for row in rows),
    )
