"""The rule for failed runs, on runs made by hand."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.failures import count_failures, flag_failures
from zoograph.data.records.records import Metric, Protocol, Run, Score

GOOD = {"value": 0.65}


def collect(*runs: dict[str, Any], **card: Any) -> Collection:
    about: dict[str, Any] = {"source": "toy", "model": "m", "dataset": "food", "protocol": Protocol.FINETUNE}
    return Collection(
        models=(ModelCard(id="m", source="toy"),),
        datasets=(DatasetCard(id="food", source="toy", **{"num_classes": 101, **card}),),
        runs=tuple(Run(**{**about, **run}) for run in runs),
        scores=(Score(source="toy", model="m", dataset="food", name="logme", value=1.0),),
    )


def failures(*runs: dict[str, Any], **card: Any) -> list[str | None]:
    return [run.failure for run in flag_failures(collect(*runs, **card)).runs]


def test_a_training_that_ended_at_chance_is_kept_and_says_why() -> None:
    before = collect({"value": 0.0099}, GOOD)
    after = flag_failures(before)
    assert [run.failure for run in after.runs] == ["training failed: 0.010 is chance level for 101 classes", None]
    assert [run.value for run in after.runs] == [0.0099, 0.65]
    assert (after.models, after.datasets, after.scores) == (before.models, before.datasets, before.scores)
    assert count_failures(after.runs) == {"food": 1}


def test_a_probe_of_many_classes_at_chance_has_features_that_are_no_numbers() -> None:
    probe = {"protocol": Protocol.PROBE, "shots": 16}
    low, high, other = failures({"value": 0.0099, **probe}, {"value": 0.02, **probe}, {"value": 0.65, **probe})
    assert low == "training failed: 0.010 is chance level for 101 classes"
    assert high is None
    assert other is None


@pytest.mark.parametrize(
    ("repeats", "ended", "fails"),
    [
        (5, (0.76, 0.76, 0.76, 0.76, 0.01), True),
        (5, (0.76, 0.01, 0.01, 0.01, 0.01), True),
        (10, (0.6,) * 9 + (0.01,), True),
        (5, (0.8, 0.4, 0.7, 0.7, 0.6), False),
        (3, (0.76, 0.76, 0.01), False),
    ],
)
def test_a_mean_of_repeats_of_which_one_ended_at_chance_has_failed(
    repeats: int, ended: tuple[float, ...], fails: bool
) -> None:
    probe = {"protocol": Protocol.PROBE, "shots": 16, "repeats": repeats}
    run = {"value": mean(ended), "hyperparameters": {"spread": stdev(ended)}, **probe}
    reason = failures(run, {**GOOD, **probe})[0]
    expected = f"training failed: the {repeats} repeats lie as far apart as if one had ended at chance level"
    assert reason == (expected if fails else None)


def test_the_bound_is_twice_the_chance_level() -> None:
    low, high = failures({"value": 0.199}, {"value": 0.2}, GOOD, num_classes=10)[:2]
    assert low == "training failed: 0.199 is chance level for 10 classes"
    assert high is None


@pytest.mark.parametrize(
    ("run", "card"),
    [
        ({"protocol": Protocol.PROBE}, {}),  # of which it may have seen a few images
        ({"protocol": Protocol.PROBE, "shots": 10}, {}),
        ({"protocol": Protocol.PROBE, "shots": 16}, {"num_classes": 99}),
        ({"protocol": Protocol.ZERO_SHOT}, {}),
        ({"protocol": Protocol.NATIVE}, {}),
        ({"metric": Metric.MIOU}, {}),  # a guess has no mean intersection over union of 1 / C
        ({"protocol": Protocol.HEAD, "shots": 10}, {}),
        ({}, {"samples_per_class": 10}),
        ({}, {"num_classes": 4}),
        ({}, {"num_classes": None}),
    ],
)
def test_what_can_honestly_be_at_chance_is_no_failure(run: dict[str, Any], card: dict[str, Any]) -> None:
    bad = {"value": 0.009, **run}
    assert failures(bad, {**bad, **GOOD}, **card) == [None, None]


def test_a_dataset_that_nobody_learnt_has_no_failures() -> None:
    assert failures({"value": 0.0099}, {"value": 0.03}) == [None, None]
    assert failures({"value": 0.0099}, {"value": 0.04})[0] is not None  # four times the chance level is 0.0396
    # What others reached by another protocol does not count.
    assert failures({"value": 0.0099}, {**GOOD, "protocol": Protocol.HEAD}) == [None, None]


def test_a_reason_that_is_there_stays() -> None:
    assert failures({"value": 0.0099, "failure": "out of memory"}, GOOD) == ["out of memory", None]


def test_where_most_runs_of_a_collection_failed_none_of_them_counts() -> None:
    bad: list[dict[str, Any]] = [{"value": 0.0099, "seed": seed} for seed in range(9)]
    found = failures(*bad, GOOD, {"value": 0.7, "source": "other"}, {"value": 0.8, "protocol": Protocol.HEAD})
    assert found[9] == "training failed: 9 of the 10 runs of this collection on this dataset did"
    assert found[10:] == [None, None]
    assert None not in found[:9]
    # Fewer runs are too few to say so.
    assert failures(*bad[:8], GOOD)[8] is None
