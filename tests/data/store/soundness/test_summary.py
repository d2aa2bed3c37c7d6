"""The summary of a store says what the store does, with one row for the runs of a pair that came together."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.records.records import Metric, Protocol, Relation, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.training.answers.measured_pairs import measured_pairs

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def _run(value: float, **fields: Any) -> Run:
    given = {"source": "mine", "model": "vit", "dataset": "birds_2", "protocol": "head", "value": value}
    return Run.model_validate({**given, **fields})


@pytest.fixture
def store(toy_store: RecordStore) -> RecordStore:
    """Runs with and without sizes, of two batches and protocols, one of which failed."""
    runs = [_run(0.2, test_size=10), _run(0.4, seed=1, test_size=30, shots=4), _run(0.9, seed=2), _run(0, failure="no")]
    toy_store.add(runs=[*runs, _run(0.7, protocol="probe", shots=8, repeats=3)], batch="one")
    toy_store.add(runs=[_run(0.5, seed=3, test_size=20, repeats=5), _run(0.1, metric="f1")], batch="two")
    toy_store.add(scores=[Score(source="mine", model="vit", dataset="pets", name="knn", value=0.5)])
    return toy_store


def test_a_graph_of_it_is_the_graph_of_all_runs(store: RecordStore) -> None:
    graphs = [build_graph(zoo, HashEmbedder(4), plain=True) for zoo in (store.snapshot(), store.summary())]
    for kind in (TRANSFERS_TO, MEASURED_OTHERWISE):
        every, summed = (graph[kind] for graph in graphs)
        assert set(every.__dict__) == set(summed.__dict__)
        for name, values in every.items():
            assert values.equal(summed[name]) or values.nan_to_num(-1).allclose(summed[name].nan_to_num(-1)), name
    edges = graphs[1][TRANSFERS_TO]
    place = edges.num_runs.argmax()
    assert edges.num_runs[place] == 4
    assert edges.edge_label[place] == pytest.approx(0.5)
    assert edges.sample_size[place] == pytest.approx(20)
    assert edges.shots[place] == 4
    assert edges.repeats[place] == 8


def test_means_are_those_of_the_runs(store: RecordStore) -> None:
    summary = measured_pairs(store.summary(), Protocol.HEAD)
    every = measured_pairs(store.snapshot(), Protocol.HEAD)
    assert summary.keys() == every.keys()
    for pair, known in every.items():
        assert summary[pair].num_runs == known.num_runs
        assert summary[pair].value == pytest.approx(known.value)
    assert measured_pairs(store.summary(), Protocol.HEAD, datasets=["birds_1"]).keys() == {("resnet", "birds_1")}


def test_runs_count_by_their_test_images_in_a_store_a_summary_and_a_graph(toy_store: RecordStore) -> None:
    fields = {"model": "resnet", "dataset": "pets", "protocol": "probe"}
    toy_store.add(runs=[_run(1.0, test_size=84, **fields), _run(0.2, test_size=2, seed=1, **fields)], batch="one")
    toy_store.add(runs=[_run(0.5, test_size=14, seed=2, **fields)], batch="two")
    mean = (84 * 1.0 + 2 * 0.2 + 14 * 0.5) / 100
    asked = "resnet", ["pets"], Protocol.PROBE, Metric.TOP1
    assert toy_store.measured(*asked)["pets"].value == pytest.approx(mean)
    for zoo in (toy_store.snapshot(), toy_store.summary()):
        found = measured_pairs(zoo, Protocol.PROBE)["resnet", "pets"]
        assert (found.value, found.num_runs) == (pytest.approx(mean), 3)
        edges = build_graph(zoo, HashEmbedder(4), protocol=Protocol.PROBE)[TRANSFERS_TO]
        assert edges.edge_label.tolist() == pytest.approx([mean])
        assert edges.sample_size.tolist() == pytest.approx([100 / 3])


def test_scores_and_relations_are_there(store: RecordStore) -> None:
    for name in ("scores", "relations", "influences"):
        summary, every = (getattr(zoo, name) for zoo in (store.summary(), store.snapshot()))
        assert list(summary.columns) == list(every.columns)
        assert sorted(summary["value"]) == sorted(every["value"])


def test_ways_and_sources_are_counted(toy_store: RecordStore) -> None:
    head, finetune = (Protocol.HEAD, Metric.TOP1, "image"), (Protocol.FINETUNE, Metric.TOP1, "image")
    assert list(toy_store.ways_measured().items()) == [(finetune, 2), (head, 1)]
    toy_store.add(runs=[_run(0.2), _run(0.4), _run(0, failure="no"), _run(0.1, metric="f1")])
    assert toy_store.ways_measured() == {head: 3, finetune: 2, (Protocol.HEAD, Metric.F1, "image"): 1}
    sources = {("mine", Protocol.HEAD): 4, ("toy", Protocol.FINETUNE): 2, ("toy", Protocol.HEAD): 1}
    assert toy_store.count_sources() == sources


def test_runs_are_counted_by_batch(store: RecordStore) -> None:
    assert store.count_runs_by_batch(None) == {"shipped": 3, "one": 4, "two": 1}
    assert store.count_runs_by_batch(Protocol.HEAD) == {"shipped": 1, "one": 3, "two": 1}
    assert store.count_runs_by_batch(None, Metric.F1) == {"two": 1}
    assert store.count_runs_by_batch(None, model="vit") == {"shipped": 1, "one": 4, "two": 1}
    assert store.count_runs_by_batch(None, model="resnet", datasets=["birds_2"]) == {"shipped": 2, "one": 4, "two": 1}
    assert store.count_runs_by_batch(None, modality="text") == {}
    assert store.count_runs_by_batch(None, modality="image") == {"shipped": 3, "one": 4, "two": 1}


def test_batches_are_told_by_the_models_and_datasets_of_their_records(toy_store: RecordStore) -> None:
    score = Score(source="s", model="vit", dataset="birds_2", name="logme", value=1)
    relation = Relation(source="s", dataset="pets", other="birds_1", name="d", value=1)
    run = Run(source="me", model="resnet", dataset="pets", protocol=Protocol.HEAD, value=0.5)
    toy_store.add(runs=[run], scores=[score], batch="monday")
    toy_store.add(relations=[relation], batch="tuesday")
    found = toy_store.names_by_batch()
    assert found["monday"] == (("resnet", "vit"), ("birds_2", "pets"))
    assert found["tuesday"] == ((), ("birds_1", "pets"))
    assert found.keys() == {"shipped", "monday", "tuesday"}
    toy_store.undo("monday")
    assert "monday" not in toy_store.names_by_batch()
