"""Tables: a line a method, its worst dataset, and what is significant."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.methods import Row, rows_of
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.collections.tables import make_table

ALL = Limits(None, None)


@pytest.fixture
def run(part, tmp_path: Path) -> CollectionRun:
    return CollectionRun(part, tmp_path)


def test_size_orders_models_that_grow_better_with_size(part, run):
    table = make_table(run, "model_out", rows_of(part, "size,random,imagenet"), ALL)
    assert (table.num_questions, table.num_all, table.num_cells) == (8, 8, 32)
    assert (table.num_datasets, table.num_families, table.num_models) == (4, 3, 8)
    size, random, imagenet = table.lines
    assert size.means["orders"] > 0.9 > random.means["orders"]
    assert "pearson" not in size.means
    assert imagenet.means == {}
    assert imagenet.reason is not None
    orders = next(versus for versus in table.comparisons if versus.measure == "orders")
    assert (orders.method, orders.other, orders.units, orders.num_units) == ("size", "random", "models", 8)
    assert orders.difference == pytest.approx(random.means["orders"] - size.means["orders"])


def test_the_worst_dataset_is_that_of_the_method(part, run):
    table = make_table(run, "dataset_out", rows_of(part, "size,standardized-model-mean"), ALL)
    for line in table.lines:
        dataset, value = line.worst["mae"]
        assert value >= line.means["mae"]
        assert dataset in {"d0", "d1", "d2", "d3"}
        low, high = line.coverage_interval
        assert 0 <= low <= high <= 1


def test_a_protocol_that_makes_no_sense_has_a_reason_instead(part, run):
    table = make_table(run, "few_records_10", rows_of(part, "size"), ALL)
    assert table.reason == "No dataset has 15 models: 10 to be known and 5 to be ranked."
    assert table.lines == []


def test_a_method_that_cannot_learn_has_a_reason_and_the_others_have_numbers(part, run):
    def make():
        raise ValueError("unused")

    (size,) = rows_of(part, "size")
    (zoograph,) = rows_of(part, "zoograph")
    table = make_table(run, "collection_out", [size, zoograph, Row("idle", make, "it is idle")], ALL)
    assert "20 measured accuracies or more (got 4)" in table.lines[1].reason
    assert table.lines[0].means["orders"] > 0.9
    assert table.lines[2].reason == "it is idle"
