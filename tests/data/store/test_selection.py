"""Which runs count: of one protocol, metric and modality, and none that failed."""

from __future__ import annotations

import sqlalchemy as sa

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store import schema
from zoograph.data.store.selection import counted_runs, modality_of
from zoograph.data.store.store import RecordStore


def test_a_run_counts_if_all_that_is_asked_for_holds(toy_store: RecordStore) -> None:
    reviews = DatasetCard(id="reviews", source="t", modality="text")
    kept = {"source": "t", "model": "vit", "value": 0.5}
    runs = [
        Run(dataset="reviews", protocol=Protocol.HEAD, **kept),
        Run(dataset="birds_2", protocol=Protocol.HEAD, metric=Metric.F1, **kept),
        Run(dataset="birds_2", protocol=Protocol.HEAD, failure="diverged", **kept),
    ]
    toy_store.add(datasets=[reviews], runs=runs)

    def count(*asked: object) -> int:
        query = sa.select(sa.func.count()).select_from(schema.runs).where(*counted_runs(*asked))  # type: ignore[arg-type]
        with toy_store._read() as connection:
            return int(connection.execute(query).scalar_one())

    assert count() == 5
    assert count(Protocol.HEAD) == 3
    assert count(Protocol.HEAD, Metric.TOP1) == 2
    assert count(None, Metric.F1) == 1
    assert count(Protocol.HEAD, Metric.TOP1, "image") == count(None, None, "text") == 1


def test_a_card_of_before_there_were_modalities_means_images(toy_store: RecordStore) -> None:
    cards = schema.datasets
    with toy_store._engine.begin() as connection:
        old = {"id": "pets", "source": "toy"}
        connection.execute(sa.update(cards).where(cards.c.id == "pets").values(card=old))
        said = sa.select(modality_of(cards.c.card)).where(cards.c.id == "pets")
        assert connection.execute(said).scalar_one() == "image"
