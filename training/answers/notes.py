"""The sentences below an answer: where it comes from, what it rests on, and how far such answers are usually off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from zoograph.data.files.counts import count_of
from zoograph.data.records.records import Metric, Protocol
from zoograph.training.answers.usual_errors import Newness, say_points

if TYPE_CHECKING:
    from zoograph.data.store.measurements import Measured
    from zoograph.training.answers.current.current_predictor import Provenance

ENOUGH = 3
"""Models that are known of a dataset where predictions were tested."""
SIMILARITY = (
    "similarity: from 0 to 1, how much alike the predictor takes two models or two datasets to be. "
    "points: how far the record moves the prediction from all records, that of the pair itself included."
)


def describe_source(known: Provenance, protocol: Protocol, metric: Metric) -> list[str]:
    """Return what predicts, what it learned from, and whether newer records are in the answer."""
    what = f"{metric.description} ({protocol.description})"
    if not known.version:
        from zoograph.training.predictors.evidence import MINIMUM_RECORDS

        return [
            f"There are too few records of {what} to train a predictor ({known.records:,} "
            f"of {MINIMUM_RECORDS}): the additive baseline answers, a model effect plus a dataset effect."
        ]
    notes = [
        f"Predicts {what}, learned from {known.records:,} records; predictor {known.version}, trained {known.age}."
    ]
    count, one = known.newer_records, known.newer_records == 1
    if count and known.newer_used:
        notes.append(
            f"{count_of(count, 'newer record is', 'newer records are')} in this answer, though the predictor has not "
            f"learned from {'it' if one else 'them'} yet: 'zoograph retrain' does that."
        )
    elif count:
        notes.append(
            f"{count_of(count, 'newer record')} of other models and datasets "
            f"{'is' if one else 'are'} not in this answer: 'zoograph retrain' brings {'it' if one else 'them'} in."
        )
    if known.taken_back:
        batches = count_of(known.taken_back, "batch that was", "batches that were")
        them = "it" if known.taken_back == 1 else "them"
        notes.append(f"The predictor learned from {batches} undone since: 'zoograph retrain' learns without {them}.")
    return notes


def caution_of(measured: Mapping[str, Measured]) -> Iterator[str]:
    """Yield what measured values were stored with that is to be known before they are believed.

    Args:
        measured: by dataset.
    """
    for dataset, known in measured.items():
        yield from (f"Measured on '{dataset}': {text}" for text in known.warnings)


def describe_basis(
    models: Sequence[str],
    datasets: Sequence[str],
    modality: str,
    num_known: Sequence[int] = (),
    what: str = "model",
) -> list[str]:
    """Return what an answer rests on, and how far such answers were off in tests.

    Args:
        models: those of the question that have no record of the kind that is predicted.
        datasets: likewise.
        modality: of the datasets.
        num_known: models with a record of the kind, on each dataset of the question.
        what: what these models are called, "other model" where the one that is asked about is not counted.
    """
    notes = [
        *_describe_new(models, "size, pre-training, architecture", "models"),
        *_describe_new(datasets, "classes, labels, number of samples, domain", "datasets"),
    ]
    newness = Newness.DATASET if datasets else Newness.MODEL if models else Newness.NOTHING
    error, later = say_points(newness, modality), say_points(Newness.NOTHING, modality)
    if error is None:
        return notes
    if not datasets and min(num_known, default=ENOUGH) < ENOUGH:
        return [*notes, _describe_few(num_known, modality, what)]
    if newness is Newness.NOTHING:
        known = (
            "Records of this kind are known here. Where three models of a dataset were, predictions in tests were off"
        )
        return [f"{known} by {error} on average; where fewer were, by more."]
    better = f" Three models measured there bring that to {later}." if datasets else ""
    left_out = f"{newness.value}s that were left out"
    return [*notes, f"In tests, predictions of {left_out} were off by {error} on average.{better}"]


def _describe_few(num_known: Sequence[int], modality: str, what: str) -> str:
    """Return how few models are known on a dataset, and between which errors that lies."""
    fewest, where = min(num_known), "here" if len(num_known) == 1 else "on some of these datasets"
    models = f"Only {count_of(fewest, f'{what} has', f'{what}s have')}" if fewest else f"No {what} has"
    with_three, with_none = (say_points(newness, modality) for newness in (Newness.NOTHING, Newness.DATASET))
    return (
        f"{models} a record of this kind {where}. In tests, predictions were off by {with_three} on average where "
        f"three had one, and by {with_none} where none had."
    )


def _describe_new(names: Sequence[str], said: str, others: str) -> list[str]:
    if not names:
        return []
    have, card, them = ("has", "its card", "it") if len(names) == 1 else ("have", "their cards", "them")
    return [
        f"{', '.join(names)} {have} no record of this kind yet: the answer rests on {card} ({said}), on scores where "
        f"there are any, and on {others} like {them}."
    ]


def format_chance(probability: float) -> str:
    """Return a chance in per cent, as an estimate that is never sure.

    >>> format_chance(0.0), format_chance(0.25), format_chance(1.0)
    ('<1 %', '25 %', '>99 %')
    """
    if probability <= 0.005:
        return "<1 %"
    return ">99 %" if probability >= 0.995 else f"{100 * probability:.0f} %"


def format_interval(lower: float, upper: float) -> str:
    """Return an interval with two decimals, or with three where two do not tell its ends apart.

    >>> format_interval(0.42, 0.967), format_interval(0.8961, 0.9042)
    ('0.42 – 0.97', '0.896 – 0.904')
    """
    digits = 2 if round(upper, 2) - round(lower, 2) > 0.015 else 3
    return f"{lower:.{digits}f} – {upper:.{digits}f}"
