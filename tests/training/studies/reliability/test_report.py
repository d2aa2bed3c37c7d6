"""The report: groups and bins by hand, units that are drawn, and a collection that is asked and kept."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import SOURCE, make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.evaluation.collections import methods
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.studies.reliability.report import ask_collection, summarise


def make_rows(inside: list[float]) -> pd.DataFrame:
    """Two families of two datasets each; five models on each of these."""
    rows = [
        {"collection": "c", "group": "warm", "question": "q", "model": f"m{i}", "dataset": f"d{j}"}
        | {"family": f"f{j // 2}", "domain": "c 1", "value": 0.5, "width": 0.2}
        for j in range(4)
        for i in range(5)
    ]
    return pd.DataFrame(rows).assign(inside=inside)


def test_coverage_is_drawn_over_families_where_these_differ() -> None:
    cells = make_rows([1.0] * 10 + [0.0] * 5 + [1.0] * 5)
    (group,) = summarise(cells, pd.DataFrame(columns=["group", "collection", "first"]), {}).groups
    assert group.coverage.value == pytest.approx(0.75)
    assert (group.coverage.lower, group.coverage.upper) == (pytest.approx(0.5), pytest.approx(1.0))
    assert (group.coverage.units, group.coverage.num_units) == ("families of datasets", 2)
    assert group.worst is None  # no dataset has ten cells
    assert group.num_rankings == 0


def test_regret_and_best_are_of_the_model_named_first() -> None:
    cells = make_rows([1.0] * 20)
    first = [i % 5 == 0 for i in range(20)]
    ranked = cells.assign(
        first=first,
        stated_regret=0.01,
        stated_measured_regret=[0.02 if one else 0.2 for one in first],
        stated_best=0.6,
        stated_measured_best=[0.4 if one else 0.15 for one in first],
        actual_regret=[0.05 if one else 0.3 for one in first],
        actual_best=[float(i % 10 == 0) for i in range(20)],
    )
    report = summarise(cells, ranked, {})
    (group,) = report.groups
    assert group.num_rankings == 4
    assert group.actual_regret is not None
    assert group.actual_regret.value == pytest.approx(0.05)
    assert group.surplus is not None
    assert group.surplus.value == pytest.approx(0.03)
    assert group.actual_best is not None
    assert (group.stated_best, group.actual_best.value) == (pytest.approx(0.6), pytest.approx(0.5))
    best = [found for found in report.bins if found.of == "best"]
    assert [(found.count, found.stated, found.actual.value) for found in best] == [
        (16, pytest.approx(0.15), 0.0),
        (4, pytest.approx(0.4), pytest.approx(0.5)),
    ]


def test_a_collection_is_asked_and_what_it_said_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = TrainingConfig(num_steps=0)
    monkeypatch.setattr(methods, "METHODS", {**methods.METHODS, "zoograph": lambda: EvidencePredictor(quick)})
    zoo = make_synthetic_zoo(8, 12).zoo
    part = CollectionGraph.of(
        Part("toy", "Synthetic", SOURCE, Protocol.HEAD), zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD)
    )
    asked: list[str] = []
    groups = ("warm", "new dataset", "new collection")
    cells, ranked, reasons = ask_collection(part, tmp_path, groups, Limits(2, 2), asked.append)
    assert asked == [f"toy: {group}" for group in groups]
    assert reasons == {"toy, new collection": "No other collection has runs of this kind to learn from."}
    warm = cells[cells["group"] == "warm"]
    assert len(warm) == 48  # two quarters of 96 pairs
    assert set(cells["inside"]) <= {0.0, 1.0}
    assert (ranked["actual_regret"] >= 0).all()
    assert ranked[ranked["first"]].groupby(["group", "question", "dataset"]).size().eq(1).all()
    assert ranked.groupby(["group", "question", "dataset"])["stated_best"].sum().tolist() == pytest.approx(
        [1.0] * ranked.groupby(["group", "question", "dataset"]).ngroups
    )
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = ask_collection(part, tmp_path, groups, Limits(2, 2), asked.append)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    pd.testing.assert_frame_equal(again[1], ranked)
