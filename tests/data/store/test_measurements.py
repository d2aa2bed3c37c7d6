"""What was measured, asked of the database: on every table that counts, and nothing that failed."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.measurements import (
    Measured,
    average_runs,
    count_ways,
    find_measured_models,
)
from zoograph.data.store.store import RecordStore

HEAD, FINETUNE, TOP1 = Protocol.HEAD, Protocol.FINETUNE, Metric.TOP1


def test_questions_about_the_small_zoo(toy_store: RecordStore) -> None:
    with toy_store._read() as connection:
        assert count_ways(connection, ["birds_1"]) == {(HEAD, TOP1, "image"): 1}
        assert average_runs(connection, "vit", ["pets", "birds_1"], FINETUNE, TOP1) == {"pets": Measured(1.0, 1)}
        assert [card.id for card in find_measured_models(connection, ["pets"], FINETUNE, TOP1)] == ["resnet", "vit"]
        assert find_measured_models(connection, ["pets"], HEAD, TOP1) == ()
    asked = (["vit", "resnet"], ["birds_2", "birds_1"])
    assert toy_store.unmeasured(*asked, HEAD, TOP1) == ("vit", "birds_2")
    assert toy_store.unmeasured(*asked, HEAD, Metric.F1) == ("vit", "resnet", "birds_2", "birds_1")
    assert toy_store.count_models(["pets", "birds_2"], FINETUNE, TOP1) == (2, 0)
    assert toy_store.count_models(["pets"], FINETUNE, TOP1, without="vit") == (1,)


def test_what_failed_was_not_measured(toy_store: RecordStore) -> None:
    failed = Run(source="t", model="new", dataset="birds_2", protocol=HEAD, value=0.1, failure="diverged")
    toy_store.add(models=[ModelCard(id="new", source="t")], runs=[failed])
    with toy_store._read() as connection:
        assert find_measured_models(connection, ["birds_2"], HEAD, TOP1) == ()
        assert average_runs(connection, "new", ["birds_2"], HEAD, TOP1) == {}
    assert toy_store.unmeasured(["new"], ["birds_2"], HEAD, TOP1) == ("new", "birds_2")


def test_warnings_of_runs_come_with_what_was_measured(toy_store: RecordStore) -> None:
    fields = {"source": "t", "model": "vit", "dataset": "birds_1", "protocol": HEAD, "value": 0.5}
    said = [["Nothing is known of 'owl'."], ["x", "Nothing is known of 'owl'."], "no list"]
    runs = [Run(**fields, seed=seed, hyperparameters={"warnings": text}) for seed, text in enumerate(said)]
    toy_store.add(runs=[*runs, Run(**fields, seed=9)])
    with toy_store._read() as connection:
        measured = average_runs(connection, "vit", ["birds_1"], HEAD, TOP1)
    assert measured["birds_1"].num_runs == 4
    assert sorted(measured["birds_1"].warnings) == ["Nothing is known of 'owl'.", "x"]
