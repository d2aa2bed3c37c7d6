"""Round trips: what was exported and is ingested again is nothing new, whatever it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoograph.data.ingest.ingest import ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.export import export_runs
from zoograph.data.store.store import RecordStore

_TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
_COUNTS = st.none() | st.integers(1, 2**31 - 1)
_PLAIN = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.just(-0.0)
_SETTINGS = st.dictionaries(_TEXT, _PLAIN | _TEXT | st.lists(_PLAIN, max_size=2), max_size=3)
_RUNS = st.builds(
    Run,
    source=_TEXT,
    model=st.sampled_from(["resnet", "vit"]),
    dataset=st.sampled_from(["pets", "birds_1"]),
    protocol=st.sampled_from(Protocol),
    metric=st.sampled_from(Metric),
    value=st.floats(-0.0, 1.0),
    train_size=_COUNTS,
    seed=st.none() | st.integers(-(2**60), 2**60),
    hyperparameters=_SETTINGS,
    shots=_COUNTS,
    input_size=_COUNTS,
    repeats=_COUNTS,
    failure=st.none() | _TEXT,
)


@given(runs=st.lists(_RUNS, min_size=1, max_size=5), name=st.sampled_from(["runs.csv", "runs.parquet"]))
@settings(max_examples=40)
def test_any_run_comes_back_as_itself(tmp_path_factory: pytest.TempPathFactory, runs: list[Run], name: str) -> None:
    path = tmp_path_factory.mktemp("export") / name
    with RecordStore.in_memory() as store:
        models = [ModelCard(id=id, source="toy") for id in ("resnet", "vit")]
        new = store.add(models, [DatasetCard(id=id, source="toy") for id in ("pets", "birds_1")], runs)
        assert export_runs(store, path) == new
        report = ingest(store, [open_table(path)])
        assert (report.tables[0].good, report.new, report.num_left_out) == (new, 0, 0), report.reasons


@pytest.mark.usefixtures("shipped_home")
@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_the_whole_zoo_that_ships_comes_back_as_itself(tmp_path: Path, name: str) -> None:
    with RecordStore.open() as store:
        count = export_runs(store, tmp_path / name)
        report = ingest(store, [open_table(tmp_path / name)])
    assert count > 20_000
    assert (report.tables[0].good, report.new, report.num_left_out) == (count, 0, 0)
