"""What a version learns from is read once, as of one moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.text import lookup
from zoograph.graphs.schema import MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.training.retraining.material import Material


def _head(value: float, metric: Metric = Metric.TOP1) -> Run:
    return Run(source="t", model="vit", dataset="birds_1", protocol=Protocol.HEAD, metric=metric, value=value)


@pytest.fixture
def store(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    """The small store, with an encoder that needs no weights."""
    monkeypatch.setattr(lookup, "find_encoder", lambda _: hash_encoder(4))
    return toy_store


def test_it_is_what_the_store_holds(store: RecordStore) -> None:
    store.add(runs=[_head(0.25), _head(0.75, Metric.F1)], batch="monday")
    material = Material.of(store, Protocol.HEAD, Metric.TOP1, "hash-4")
    assert material.batch_digests == store.batch_digests()
    assert sorted(material.batches[material.counted]) == ["monday", "shipped"]
    # What was fine-tuned is evidence, with its batch.
    assert sorted(material.batches) == ["monday", "shipped", "shipped", "shipped"]
    assert material.graph()[MEASURED_OTHERWISE].edge_label.tolist() == [0.75, 1.0]
    assert sorted(material.zoo.runs["value"][material.counted]) == [0.25, 0.5]
    assert (material.revision, material.text.dim, material.encoder_source) == (store.revision, 4, "hash-4")


def test_a_busy_writer_does_not_starve_it(store: RecordStore) -> None:
    """A store that is written to without a pause is read once, and what is read belongs together."""
    stopped, written = threading.Event(), threading.Event()

    def write() -> None:
        with RecordStore.open() as own:
            for number in range(2000):
                if stopped.is_set():
                    return
                own.add(runs=[_head(number / 2000)], batch=f"b{number}")
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(20)
        for _ in range(5):
            material = Material.of(store, Protocol.HEAD, Metric.TOP1, "hash-4")
            assert len(material.batches) == len(material.zoo.runs)
            assert set(material.batches[material.counted]) == set(material.batch_digests)
    finally:
        stopped.set()
        writer.join()


def test_the_graph_of_some_runs_has_no_others(arrivals: Any) -> None:
    material = arrivals.material(arrivals.zoo.runs, arrivals.batches())
    whole, early = material.graph(), material.graph(only=material.batches == "early")
    assert (whole[TRANSFERS_TO].num_edges, early[TRANSFERS_TO].num_edges) == (1000, 880)
