"""Failed runs: trainings that ended at chance, which say nothing of the model."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import ACCURACIES, Metric, Protocol, Run

# Of how many classes a run must be, by protocol. A probe can honestly end near chance where there are few; of a
# hundred, only features that are no numbers do. Whoever trains nothing can at any number.
_LEAST_CLASSES = {Protocol.HEAD: 5, Protocol.FINETUNE: 5, Protocol.PROBE: 100}
_CHANCES = 2
_FEW_IMAGES = 10
_LEARNT = 4
_LEAST_REPEATS = 4  # fewer may lie far apart by chance
_NEAR_ZERO = 0.9  # of the spread that one repeat at zero gives
_RUNS_OF_A_COLLECTION = 10


def flag_failures(collection: Collection) -> Collection:
    """Return a collection whose failed runs say so; everything is kept.

    A run failed if all of this is true:

    * a head or the whole network was trained, or a probe, and what was measured is an accuracy,
    * the dataset has at least five classes, for a probe a hundred, and more than ten images of each to learn from as
      far as is known, for a probe as is known: from fewer, a network can honestly learn nothing,
    * the run ended within twice the chance level: below 2 / C for C classes,
    * another run of the dataset, protocol and metric reached at least twice that, so that it can be learnt.

    In place of the third, a mean over repeats failed if these lie as far apart as if one of them had ended at zero: it
    is then the mean of something that was learnt and of nothing.

    Where most of a collection's runs on a dataset failed by this rule, and there are ten or more, the others did too:
    what went wrong there says nothing of the few models that came through it.

    A run that says already why it failed stays as it is.
    """
    classes = {card.id: _learnable_classes(card) for card in collection.datasets}
    best: dict[tuple[str, Protocol, Metric], float] = defaultdict(float)
    for run in collection.runs:
        key = run.dataset, run.protocol, run.metric
        best[key] = max(best[key], run.value)
    failed = [
        _has_failed(run, classes.get(run.dataset, 0), best[run.dataset, run.protocol, run.metric])
        for run in collection.runs
    ]
    broken = _mostly_failed(collection.runs, failed)
    runs = tuple(
        run.model_copy(update={"failure": _describe(run, classes[run.dataset]) if own else broken[_setting(run)]})
        if run.failure is None and (own or _setting(run) in broken)
        else run
        for run, own in zip(collection.runs, failed, strict=True)
    )
    return Collection(
        collection.models, collection.datasets, runs, collection.scores, collection.relations, collection.influences
    )


def count_failures(runs: Iterable[Run]) -> dict[str, int]:
    """Return the number of failed runs of each dataset that has any."""
    counts: dict[str, int] = defaultdict(int)
    for run in runs:
        if run.failure is not None:
            counts[run.dataset] += 1
    return dict(sorted(counts.items()))


def _setting(run: Run) -> tuple[str, str, Protocol, Metric]:
    return run.source, run.dataset, run.protocol, run.metric


def _mostly_failed(runs: Sequence[Run], failed: Sequence[bool]) -> dict[tuple[str, str, Protocol, Metric], str]:
    """Return what is said of the other runs of a collection, dataset, protocol and metric, where most failed."""
    counts: dict[tuple[str, str, Protocol, Metric], list[bool]] = defaultdict(list)
    for run, one in zip(runs, failed, strict=True):
        counts[_setting(run)].append(one)
    return {
        setting: f"training failed: {sum(ones)} of the {len(ones)} runs of this collection on this dataset did"
        for setting, ones in counts.items()
        if len(ones) >= _RUNS_OF_A_COLLECTION and 2 * sum(ones) > len(ones)
    }


def _learnable_classes(card: DatasetCard) -> int:
    """Return the number of classes; 0 if it is not known, or if there are too few images of each to learn from."""
    few = card.samples_per_class is not None and card.samples_per_class <= _FEW_IMAGES
    return 0 if few else card.num_classes or 0


def _has_failed(run: Run, classes: int, best: float) -> bool:
    least = _LEAST_CLASSES.get(run.protocol)
    learned = run.protocol is not Protocol.PROBE if run.shots is None else run.shots > _FEW_IMAGES
    return (
        least is not None
        and classes >= least
        and learned
        and run.metric in ACCURACIES
        and best >= _LEARNT / classes
        and (run.value < _CHANCES / classes or _has_failed_in_part(run))
    )


def _has_failed_in_part(run: Run) -> bool:
    """Whether the ``spread`` of a mean is what one repeat at zero among n makes it: mean * sqrt(n) / (n - 1)."""
    spread, repeats = run.hyperparameters.get("spread"), run.repeats or 1
    if not isinstance(spread, int | float) or repeats < _LEAST_REPEATS:
        return False
    return spread >= _NEAR_ZERO * run.value * math.sqrt(repeats) / (repeats - 1)


def _describe(run: Run, classes: int) -> str:
    if run.value >= _CHANCES / classes:
        return f"training failed: the {run.repeats} repeats lie as far apart as if one had ended at chance level"
    return f"training failed: {run.value:.3f} is chance level for {classes} classes"
