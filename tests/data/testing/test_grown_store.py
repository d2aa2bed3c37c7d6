"""A grown store has the runs that were asked for, the same for a seed, on tasks that are splits of families."""

from __future__ import annotations

from collections import Counter

import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.testing import grown_store as module
from zoograph.data.testing.grown_store import SOURCE, grow_store


def test_runs_are_several_a_pair_and_the_same_for_a_seed(toy_store: RecordStore) -> None:
    assert grow_store(toy_store, 60) == 60 + 4
    zoo = toy_store.snapshot().collection(SOURCE)
    assert len(zoo.runs) == 60
    assert set(Counter(zip(zoo.runs["model"], zoo.runs["dataset"], strict=True)).values()) == {5}
    assert set(zoo.scores["name"]) == {"logme", "knn"}
    assert set(zoo.runs["protocol"]) <= set(Protocol)
    families = {card.family for card in zoo.datasets.values() if card.source == SOURCE}
    assert families == {"own-0", "own-1"}
    assert grow_store(toy_store, 60) == 0


def test_a_stopped_call_goes_on_with_the_batches_that_are_not_there(
    toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 25)
    grow_store(toy_store, 60)
    whole = {run.identity for run in toy_store.runs_of(datasets=["own-0-0"])}
    toy_store.undo("grown-60-0-1")
    assert grow_store(toy_store, 60) == 25
    assert {run.identity for run in toy_store.runs_of(datasets=["own-0-0"])} == whole
