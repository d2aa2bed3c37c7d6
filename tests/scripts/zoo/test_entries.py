"""Entries of lists: one row a model, a dataset or a collection."""

from __future__ import annotations

from collections import Counter

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.catalogue import Entry
from zoograph.data.records.records import Protocol
from zoograph.scripts.zoo.entries import collection_rows, count_columns, dataset_row, model_row

RUNS = Counter({Protocol.HEAD: 2, Protocol.PROBE: 1})


def test_runs_are_counted_altogether_and_by_protocol() -> None:
    assert count_columns(RUNS) == {
        "runs": 3,
        "runs_native": 0,
        "runs_zero_shot": 0,
        "runs_probe": 1,
        "runs_head": 2,
        "runs_finetune": 0,
    }


def test_a_row_of_a_model_and_of_a_dataset() -> None:
    model = model_row(Entry(ModelCard(id="a", source="s", parameters=5, corpora=("x",), pretrained_on="y"), RUNS))
    assert (model["model"], model["parameters"], model["corpora"], model["runs"]) == ("a", 5, ["x", "y"], 3)
    dataset = dataset_row(
        Entry(DatasetCard(id="b", source="s", splits={"train": 4, "test": 2}, labels=("p", "q")), RUNS)
    )
    assert (dataset["dataset"], dataset["num_samples"], dataset["labels"]) == ("b", 6, 2)


def test_collections_with_most_runs_come_first() -> None:
    models = {"a": ModelCard(id="a", source="s; t"), "b": ModelCard(id="b", source="t")}
    datasets = {"c": DatasetCard(id="c", source="u")}
    rows = collection_rows(models, datasets, {"t": RUNS})
    assert [(row["collection"], row["models"], row["datasets"], row["runs"]) for row in rows] == [
        ("t", 2, 0, 3),
        ("s", 1, 0, 0),
        ("u", 0, 1, 0),
    ]


def test_what_zoograph_measured_is_one_collection() -> None:
    own = [f"zoograph 0.1.0, weights {weights}, images 47084eae92b4" for weights in ("31798e29af8e", "7df535c3f773")]
    runs = {source: Counter({Protocol.HEAD: 1}) for source in own}
    (row,) = collection_rows({}, {}, runs)
    assert (row["collection"], row["runs"]) == ("measured by zoograph", 2)
