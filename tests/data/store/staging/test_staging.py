"""Runs set aside: counted, stored once and with their cards, or forgotten."""

from __future__ import annotations

import pytest

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def test_staged_runs_are_counted_and_stored_once(toy_store: RecordStore) -> None:
    runs = [own_run(0.25), own_run(0.75), own_run(0.25), own_run(0.5, source="toy")]
    with toy_store.stage(iter(runs)) as staged:
        assert staged.count_new() == 2
        assert toy_store.count_runs(Protocol.HEAD) == 1
        assert staged.store([], [], "monday", "a test") == 2
        assert staged.count_new() == 0
    assert toy_store.count_runs(Protocol.HEAD) == 3
    with toy_store.stage(runs) as staged:
        assert staged.store([], [], "tuesday", "a test") == 0
    assert [batch.id for batch in toy_store.batches()] == ["monday", "shipped"]


def test_staged_runs_bring_cards_but_replace_none(toy_store: RecordStore) -> None:
    known, new = (DatasetCard(id=name, source="mine") for name in ("pets", "new"))
    with toy_store.stage([own_run(0.25, dataset="new")]) as staged:
        assert staged.store([], [known, new], "monday", "a test") == 1
    assert {card.id: card.source for card in toy_store.snapshot().datasets.values()} == {
        "birds_1": "toy",
        "birds_2": "toy",
        "new": "mine",
        "pets": "toy",
    }


def test_staged_runs_without_cards_change_nothing(toy_store: RecordStore) -> None:
    revision = toy_store.revision
    with (
        pytest.raises(StoreError, match=r"were not stored, and nothing was changed: .*(?i:foreign key)"),
        toy_store.stage([own_run(0.25, model="nobody")]) as staged,
    ):
        staged.store([], [], "monday", "a test")
    assert toy_store.revision == revision
    with toy_store.stage([own_run(0.25)]) as staged:  # on the same connection
        assert staged.store([], [], "tuesday", "a test") == 1
