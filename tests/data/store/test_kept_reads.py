"""Reads that are kept: one read a revision, and nothing of an earlier one."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.store.kept_reads import KeptReads
from zoograph.data.store.store import RecordStore


def test_what_was_read_stands_until_the_revision_changes() -> None:
    kept, reads = KeptReads(), []

    def read() -> int:
        reads.append(1)
        return len(reads)

    assert [kept.get("a", "x", read), kept.get("a", "x", read), kept.get("a", "y", read)] == [1, 1, 2]
    assert [kept.get("b", "x", read), kept.get("a", "x", read)] == [3, 4]  # an old revision may come back


def test_a_store_that_keeps_reads_once_and_sees_every_write(toy_zoo: Collection) -> None:
    with RecordStore.open(keep=True) as store, RecordStore.open() as writer:
        zoo, names = store.snapshot(), store.names("resnet")
        assert store.snapshot() is zoo
        assert store.names() is names
        assert store.cards() == writer.cards()
        assert store.batch_digests() is store.batch_digests()
        writer.add(models=[ModelCard(id="new", source="mine")])
        assert "new" in store.snapshot().models
        assert "new" in store.names().models
        assert "new" in store.cards()[0]


def test_a_store_that_does_not_keep_reads_each_time(toy_store: RecordStore) -> None:
    assert toy_store.snapshot() is not toy_store.snapshot()
