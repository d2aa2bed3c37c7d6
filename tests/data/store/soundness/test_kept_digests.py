"""Digests that are kept are those of the whole store, and only what came in is read for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Metric
from zoograph.data.store.soundness import kept_digests as module
from zoograph.data.store.state import digest_batches
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of conditions of each question to the database."""
    number: list[int] = []

    def digest(connection: Any, metric: Any, modality: Any, *conditions: Any) -> dict[str, str]:
        number.append(len(conditions))
        return digest_batches(connection, metric, modality, *conditions)

    monkeypatch.setattr(module, "digest_batches", digest)
    return number


def _whole(store: RecordStore, *kind: Any) -> dict[str, str]:
    with store._read() as connection:
        return digest_batches(connection, *kind)


def test_digests_are_those_of_the_whole_store(toy_store: RecordStore, asked: list[int]) -> None:
    image = (Metric.TOP1, "image")
    assert toy_store.batch_digests(*image) == _whole(toy_store, *image)
    assert toy_store.batch_digests(*image) == _whole(toy_store, *image)
    assert asked == [0]
    toy_store.add(runs=[own_run(0.5), own_run(0.1, metric="f1")], batch="new")
    assert toy_store.batch_digests(*image) == _whole(toy_store, *image)
    assert asked == [0, 1]
    toy_store.add(runs=[own_run(0.25)], batch="new")  # the batch has grown
    assert toy_store.batch_digests(*image) == _whole(toy_store, *image)
    assert asked == [0, 1, 1]
    assert toy_store.batch_digests(Metric.F1) == _whole(toy_store, Metric.F1)
    toy_store.undo("new")
    assert toy_store.batch_digests(*image) == _whole(toy_store, *image)
    assert asked == [0, 1, 1, 0]


def test_a_dataset_of_another_modality_than_it_was(toy_store: RecordStore) -> None:
    toy_store.batch_digests(Metric.TOP1, "text")
    card = toy_store.find_cards(datasets=["pets"])[1][0]
    toy_store.add(datasets=[DatasetCard.model_validate({**card.model_dump(), "modality": "text"})])
    assert toy_store.batch_digests(Metric.TOP1, "text").keys() == {"shipped"}
    assert toy_store.batch_digests(Metric.TOP1, "image") == _whole(toy_store, Metric.TOP1, "image")


@pytest.mark.parametrize("content", ["", "{}", '{"top1 image": 3}', "[]"])
def test_a_broken_file_is_written_anew(toy_store: RecordStore, home: Path, content: str) -> None:
    expected = toy_store.batch_digests(Metric.TOP1, "image")
    path = next((home / "cache" / "store").glob("*.digests.json"))
    path.write_text(content)
    assert toy_store.batch_digests(Metric.TOP1, "image") == expected
    assert path.read_text() != content
