"""Stored answers against measurements, and how often intervals hold them."""

from __future__ import annotations

import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.routes.stored_answers import StoredAnswer, coverage_by_group, list_stored_answers
from zoograph.training.versions.listing import predictor_root


def test_measured_pairs_are_held_against_the_table(toy_store: RecordStore, save_toy) -> None:
    artifact = save_toy(predictor_root(Protocol.FINETUNE, None), protocol=Protocol.FINETUNE)
    found = {(pair.model, pair.dataset): pair for pair in list_stored_answers(artifact, toy_store.snapshot())}
    assert set(found) == {("resnet", "pets"), ("vit", "pets")}  # those of the protocol
    vit = found["vit", "pets"]  # model 1 on dataset 2: 1 / 10 + 2 / 100
    assert (vit.predicted, vit.lower, vit.upper) == pytest.approx((0.12, 0.07, 0.17))
    assert (vit.measured, vit.measured_runs, vit.is_covered) == (1.0, 1, False)


def test_groups_are_counted_by_hand() -> None:
    def pair(dataset: str, measured: float) -> StoredAnswer:
        return StoredAnswer("m", dataset, 0.5, 0.4, 0.7, measured, 1)

    answers = [pair("a", 0.4), pair("b", 0.6), pair("b", 0.8), pair("b", 0.7)]
    large, small = coverage_by_group(answers, lambda answer: answer.dataset)
    assert (large.group, large.pairs) == ("b", 3)
    assert (large.covered, large.error, large.width) == pytest.approx((2 / 3, 0.2, 0.3))
    assert (small.group, small.pairs, small.covered) == ("a", 1, 1.0)
    assert coverage_by_group([], str) == []
