"""The store: whole transactions, one answer for every process, and plain words when it cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Metric, Protocol, Run
from zoograph.data.store import schema
from zoograph.data.store.batches import SHIPPED_BATCH
from zoograph.data.store.store import Measured, RecordStore

_BOOKKEEPING = ("value", "source", "batch", "stored_at")


def _run(value: float, **fields: Any) -> Run:
    given = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": value}
    return Run.model_validate({**given, **fields})


def _influence(**fields: Any) -> ClassInfluence:
    given = {"source": "s", "label": "cat", "dataset": "pets", "name": "influence_correct", "value": 0.25}
    return ClassInfluence.model_validate({**given, **fields})


@pytest.fixture(autouse=True)
def _database(database_url: str) -> str:
    """Every test runs on both databases."""
    return database_url


def _counts(url: str) -> dict[str, int]:
    engine = sa.create_engine(url)
    tables = (schema.models, schema.datasets, schema.runs, schema.scores, schema.relations, schema.influences)
    with engine.connect() as connection:
        counts = {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in tables}
    engine.dispose()
    return counts


def test_a_new_store_holds_the_zoo_that_ships(database_url: str) -> None:
    zoo = read_tables(shipped_zoo())
    with RecordStore.open() as store:
        assert _counts(database_url) == zoo.counts()
        counts = {protocol.value: store.count_runs(protocol) for protocol in Protocol}
        assert {name: count for name, count in counts.items() if count} == {
            "head": 2700,
            "finetune": 2254,
        }
        snapshot = store.snapshot()
    assert list(snapshot.models) == sorted(card.id for card in zoo.models)
    assert {card.id: card for card in zoo.datasets} == snapshot.datasets
    assert snapshot.runs["value"].sum() == pytest.approx(sum(run.value for run in zoo.runs), abs=1e-9)


def test_a_store_in_memory_holds_nothing_and_leaves_nothing(home: Path) -> None:
    with RecordStore.in_memory() as store:
        assert store.snapshot().models == {}
        assert store.batches() == []
        model, dataset = ModelCard(id="resnet", source="mine"), DatasetCard(id="birds_1", source="mine")
        assert store.add([model], [dataset], runs=[_run(0.25)]) == 1
        with store.stage([_run(0.25), _run(0.75)]) as staged:
            assert staged.store([], [], "monday", "a test") == 1
        assert sorted(store.snapshot().runs["value"]) == [0.25, 0.75]
        with RecordStore.in_memory() as other:
            assert other.snapshot().runs.empty
    assert not (home / "zoograph.db").exists()


def test_the_same_runs_are_added_once(toy_store: RecordStore) -> None:
    runs = [_run(0.25), _run(0.75), _run(0.25)]
    assert toy_store.add(runs=runs) == 2
    revision = toy_store.revision
    assert toy_store.add(runs=runs) == 0
    assert toy_store.revision != revision
    assert toy_store.count_runs(Protocol.HEAD) == 3


def test_repeats_with_other_content_are_kept_and_averaged(toy_store: RecordStore) -> None:
    toy_store.add(runs=[_run(1.0), _run(1.0, seed=1), _run(1.0, metric="f1"), _run(0.0, protocol="finetune")])
    names = ("birds_1", "birds_2", "pets")
    assert toy_store.measured("resnet", names, Protocol.HEAD) == {"birds_1": Measured(2.5 / 3, 3)}
    assert toy_store.measured("resnet", names, Protocol.HEAD, Metric.F1) == {"birds_1": Measured(1.0, 1)}
    assert toy_store.measured("resnet", names, Protocol.FINETUNE) == {
        "birds_1": Measured(0.0, 1),
        "pets": Measured(0.75, 1),
    }
    assert toy_store.measured("vit", ("birds_1",), Protocol.HEAD) == {}


def test_protocols_come_with_the_most_frequent_first(toy_store: RecordStore) -> None:
    assert toy_store.protocols(("birds_1", "pets")) == [Protocol.FINETUNE, Protocol.HEAD]
    assert toy_store.protocols(("birds_2",)) == []


def test_runs_are_counted_by_batch_all_or_those_of_a_model_or_of_datasets(toy_store: RecordStore) -> None:
    toy_store.add(runs=[_run(seed / 10, seed=seed) for seed in range(3)], batch="three")
    toy_store.add(runs=[_run(0.5, metric="f1")], batch="other")
    assert toy_store.count_runs_by_batch(Protocol.HEAD) == {SHIPPED_BATCH: 1, "three": 3}
    assert toy_store.count_runs_by_batch(Protocol.HEAD, Metric.F1) == {"other": 1}
    own = _run(0.0)
    assert toy_store.count_runs_by_batch(Protocol.HEAD, model=own.model)["three"] == 3
    assert toy_store.count_runs_by_batch(Protocol.HEAD, datasets=[own.dataset])["three"] == 3
    assert toy_store.count_runs_by_batch(Protocol.HEAD, model="nobody", datasets=["nothing"]) == {}


def test_runs_of_another_metric_do_not_make_a_protocol_frequent(toy_store: RecordStore) -> None:
    toy_store.add(runs=[_run(seed / 10, seed=seed, metric="f1", protocol="finetune") for seed in range(9)])
    assert toy_store.protocols(("birds_1",)) == [Protocol.HEAD]
    assert toy_store.protocols(("birds_1",), Metric.F1) == [Protocol.FINETUNE]
