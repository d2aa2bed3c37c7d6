"""The store: whole transactions, one answer for every process, and plain words when it cannot be used."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Metric, Protocol, Run
from zoograph.data.store import schema
from zoograph.data.store.batches import SHIPPED_BATCH
from zoograph.data.store.measurements import Measured
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases

_BOOKKEEPING = ("value", "source", "batch", "stored_at")


def _influence(**fields: Any) -> ClassInfluence:
    given = {"source": "s", "label": "cat", "dataset": "pets", "name": "influence_correct", "value": 0.25}
    return ClassInfluence.model_validate({**given, **fields})


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
        runs = {run.identity: run for run in zoo.runs}.values()  # two collections may say the same of a run
        assert _counts(database_url) == {**zoo.counts(), "runs": len(runs)}
        counted = Counter((run.protocol, run.metric) for run in runs if run.failure is None)
        assert len(counted) == 9
        assert counted == {way: store.count_runs(*way) for way in counted}
        assert store.count_cards() == (len(zoo.models), len(zoo.datasets))
        snapshot = store.snapshot()
    assert list(snapshot.models) == sorted(card.id for card in zoo.models)
    assert {card.id: card for card in zoo.datasets} == snapshot.datasets
    assert snapshot.runs["value"].sum() == pytest.approx(sum(run.value for run in runs), abs=1e-9)


def test_a_store_in_memory_holds_nothing_and_leaves_nothing(home: Path) -> None:
    with RecordStore.in_memory() as store:
        assert store.snapshot().models == {}
        assert store.batches() == []
        model, dataset = ModelCard(id="resnet", source="mine"), DatasetCard(id="birds_1", source="mine")
        assert store.add([model], [dataset], runs=[own_run(0.25)]) == 1
        with store.stage([own_run(0.25), own_run(0.75)]) as staged:
            assert staged.store([], [], "monday", "a test") == 1
        assert sorted(store.snapshot().runs["value"]) == [0.25, 0.75]
        with RecordStore.in_memory() as other:
            assert other.snapshot().runs.empty
    assert not (home / "zoograph.db").exists()


def test_the_same_runs_are_added_once(toy_store: RecordStore) -> None:
    runs = [own_run(0.25), own_run(0.75), own_run(0.25)]
    assert toy_store.add(runs=runs) == 2
    revision = toy_store.revision
    assert toy_store.add(runs=runs) == 0
    assert toy_store.revision == revision  # nothing was written
    assert toy_store.count_runs(Protocol.HEAD) == 3


def test_repeats_with_other_content_are_kept_and_averaged(toy_store: RecordStore) -> None:
    toy_store.add(
        runs=[own_run(1.0), own_run(1.0, seed=1), own_run(1.0, metric="f1"), own_run(0.0, protocol="finetune")]
    )
    names = ("birds_1", "birds_2", "pets")
    assert toy_store.measured("resnet", names, Protocol.HEAD) == {"birds_1": Measured(2.5 / 3, 3)}
    assert toy_store.measured("resnet", names, Protocol.HEAD, Metric.F1) == {"birds_1": Measured(1.0, 1)}
    assert toy_store.measured("resnet", names, Protocol.FINETUNE) == {
        "birds_1": Measured(0.0, 1),
        "pets": Measured(0.75, 1),
    }
    assert toy_store.measured("vit", ("birds_1",), Protocol.HEAD) == {}


def test_ways_of_measuring_come_with_the_most_frequent_first(toy_store: RecordStore) -> None:
    assert toy_store.ways_measured(("birds_1", "pets")) == {
        (Protocol.FINETUNE, Metric.TOP1, "image"): 2,
        (Protocol.HEAD, Metric.TOP1, "image"): 1,
    }
    assert toy_store.ways_measured(("birds_2",)) == {}
    assert sum(toy_store.ways_measured().values()) == 3


def test_a_model_may_be_the_only_one_whose_name_is_read(toy_store: RecordStore) -> None:
    everything = toy_store.names()
    assert toy_store.names("net") == replace(everything, models={"net": ("resnet", "vit")})
    assert toy_store.names("nobody") == everything
    assert toy_store.count_sources() == {("toy", Protocol.FINETUNE): 2, ("toy", Protocol.HEAD): 1}


def test_the_cards_of_ids_come_in_their_order(toy_store: RecordStore) -> None:
    models, datasets = toy_store.find_cards(["vit", "nobody", "resnet"], ["pets", "birds_1"])
    assert [card.id for card in models] == ["vit", "resnet"]
    assert [card.id for card in datasets] == ["pets", "birds_1"]


def test_who_was_measured_on_datasets(toy_store: RecordStore) -> None:
    found = toy_store.measured_models(("pets", "birds_1"), Protocol.FINETUNE, Metric.TOP1)
    assert [card.id for card in found] == ["resnet", "vit"]
    assert toy_store.measured_models(("birds_1",), Protocol.FINETUNE, Metric.TOP1) == ()


def test_runs_of_another_modality_are_counted_apart(toy_store: RecordStore) -> None:
    reviews = DatasetCard(id="reviews", source="t", modality="text")
    reader = ModelCard(id="reader", source="t", modalities=("text",))
    run = Run(source="t", model="reader", dataset="reviews", protocol=Protocol.HEAD, value=0.5)
    toy_store.add(models=[reader], datasets=[reviews], runs=[run], batch="texts")
    assert toy_store.count_runs(Protocol.HEAD) == 2
    assert [toy_store.count_runs(Protocol.HEAD, modality=kind) for kind in ("image", "text", "sound")] == [1, 1, 0]
    assert toy_store.count_runs_by_batch(Protocol.HEAD, modality="text") == {"texts": 1}
    assert toy_store.batch_digests(modality="image").keys() == {SHIPPED_BATCH}
    assert toy_store.read_all(modality="text").batch_digests.keys() == {"texts"}
    assert toy_store.ways_measured(["reviews"]) == {(Protocol.HEAD, Metric.TOP1, "text"): 1}


def test_runs_that_failed_do_not_count(toy_store: RecordStore) -> None:
    before = toy_store.batch_digests()
    toy_store.add(runs=[own_run(0.01, failure="the training diverged", dataset="birds_2")])
    assert toy_store.count_runs(Protocol.HEAD) == 1
    assert toy_store.measured("resnet", ("birds_2",), Protocol.HEAD) == {}
    assert toy_store.batch_digests() == before
    assert toy_store.ways_measured(["birds_2"]) == {}


def test_runs_are_counted_by_batch_all_or_those_of_a_model_or_of_datasets(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(seed / 10, seed=seed) for seed in range(3)], batch="three")
    toy_store.add(runs=[own_run(0.5, metric="f1")], batch="other")
    assert toy_store.count_runs_by_batch(Protocol.HEAD) == {SHIPPED_BATCH: 1, "three": 3}
    assert toy_store.count_runs_by_batch(Protocol.HEAD, Metric.F1) == {"other": 1}
    own = own_run(0.0)
    assert toy_store.count_runs_by_batch(Protocol.HEAD, model=own.model)["three"] == 3
    assert toy_store.count_runs_by_batch(Protocol.HEAD, datasets=[own.dataset])["three"] == 3
    assert toy_store.count_runs_by_batch(Protocol.HEAD, model="nobody", datasets=["nothing"]) == {}


def test_metrics_are_counted_apart(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(seed / 10, seed=seed, metric="f1", protocol="finetune") for seed in range(9)])
    assert list(toy_store.ways_measured(("birds_1",)).items()) == [
        ((Protocol.FINETUNE, Metric.F1, "image"), 9),
        ((Protocol.HEAD, Metric.TOP1, "image"), 1),
    ]


def test_no_question_reads_a_table_of_records_from_end_to_end(toy_store: RecordStore) -> None:
    """Once a store was read, what an answer asks of the database goes by an index, also after an ingest and an undo."""
    metric, modality = Metric.TOP1, "image"
    toy_store.summary(), toy_store.batch_digests(metric, modality)
    run = Run(source="mine", model="vit", dataset="birds_1", protocol=Protocol.HEAD, value=0.5)
    toy_store.add(runs=[run], batch="new")
    asked: list[tuple[str, Any]] = []
    listen = ("before_cursor_execute", lambda *words: asked.append((words[2], words[3])))
    sa.event.listen(toy_store._engine, *listen)
    for time in range(2):
        toy_store.summary(), toy_store.ways_measured(), toy_store.ways_measured(["birds_1"]), toy_store.count_sources()
        toy_store.batch_digests(metric, modality), toy_store.count_runs_by_batch(None)
        toy_store.read_all(metric, modality)
        toy_store.measured("vit", ["birds_1"], Protocol.HEAD), toy_store.score_digests(["pets"])
        toy_store.measured_models(["birds_1"], Protocol.HEAD, metric), toy_store.runs_of(model="vit", datasets=["pets"])
        toy_store.unmeasured(["vit"], ["pets"], Protocol.HEAD, metric)
        if time == 0:
            toy_store.undo("new")
    sa.event.remove(toy_store._engine, *listen)
    word = "EXPLAIN QUERY PLAN" if toy_store._engine.dialect.name == "sqlite" else "EXPLAIN"
    plans = []
    with toy_store._read() as connection:
        if word == "EXPLAIN":  # tables as small as these are read from end to end without this
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in asked:
            if statement.startswith("SELECT") and re.search(r"\bruns\b", statement):
                rows = connection.exec_driver_sql(f"{word} {statement}", parameters)
                plans += [str(row[-1]) for row in rows if re.search(r"\bruns\b", str(row[-1]))]
    assert len(plans) > 8
    assert [plan for plan in plans if re.search("SCAN runs|Seq Scan on runs", plan)] == []
