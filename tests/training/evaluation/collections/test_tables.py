"""Tables: a line a method, its worst dataset, and what is significant."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Self

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.method import Method, Prediction
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.methods import Row, rows_of
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.collections.tables import make_table
from zoograph.training.evaluation.kept_answers import KeptAnswers

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


class Noisy(Method):
    """The truth with noise."""

    def __init__(self, part, error: float) -> None:
        self._part, self._error = part, error

    def fit(self, graph: HeteroData) -> Self:
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        edges = self._part.graph[TRANSFERS_TO].edge_index
        truth = torch.stack([self._part.values[(edges == pair[:, None]).all(0)][0] for pair in pairs.t()])
        noise = torch.randn(len(truth), generator=torch.Generator().manual_seed(int(1000 * self._error)))
        said = (truth + self._error * noise).float()
        return Prediction(said, said - 0.1, said + 0.1)


def test_the_project_is_held_against_the_best_baseline_and_against_itself_without_each_part(part, run, monkeypatch):
    monkeypatch.setattr(KeptAnswers, "key", lambda self, name, method, fold: f"{name}{fold.name}")
    errors = {"zoograph": 0.02, "good": 0.05, "bad": 0.3, "zoograph-without-texts": 0.04}
    rows = [Row(name, partial(Noisy, part, error)) for name, error in errors.items()]
    table = make_table(run, "dataset_out", rows, ALL)
    others = {(versus.measure, versus.other) for versus in table.comparisons}
    assert others == {(m, o) for m in ("pearson", "orders", "mae") for o in ("good", "zoograph-without-texts")}
    assert {versus.method for versus in table.comparisons} == {"zoograph"}
