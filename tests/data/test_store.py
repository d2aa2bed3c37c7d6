"""The store: whole transactions, one answer for every process, and plain words when it cannot be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.collections import Collection
from zoograph.data.errors import StoreError
from zoograph.data.records import Metric, Protocol, Relation, Run, Score
from zoograph.data.store import Measured, RecordStore
from zoograph.data.tables import read_tables, shipped_zoo, write_tables


def _run(value: float, **fields: Any) -> Run:
    given = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": value}
    return Run.model_validate({**given, **fields})


def _counts(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = ("models", "datasets", "runs", "scores", "relations")
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    finally:
        connection.close()


def test_a_new_home_holds_the_zoo_that_ships(shipped_home: Path) -> None:
    zoo = read_tables(shipped_zoo())
    assert _counts(shipped_home / "zoograph.db") == zoo.counts()
    with RecordStore.open() as store:
        assert {protocol: store.count_runs(protocol) for protocol in Protocol} == {
            "head": 2700,
            "finetune": 2254,
        }
        snapshot = store.snapshot()
    assert list(snapshot.models) == sorted(card.id for card in zoo.models)
    assert {card.id: card for card in zoo.datasets} == snapshot.datasets
    assert snapshot.runs["value"].sum() == pytest.approx(sum(run.value for run in zoo.runs), abs=1e-9)


def test_opening_again_changes_nothing(toy_store: RecordStore) -> None:
    with RecordStore.open() as again:
        assert again.revision == toy_store.revision != ""


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


def test_a_card_of_a_known_id_replaces_it_with_its_names(toy_store: RecordStore) -> None:
    toy_store.add(models=[ModelCard(id="resnet", source="mine", aliases=("new",), parameters=3)])
    assert toy_store.names().models["new"] == ("resnet",)
    assert toy_store.names().models["net"] == ("vit",)
    assert toy_store.snapshot().models["resnet"].parameters == 3


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ({"runs": [_run(0.5, model="nobody")]}, "the model 'nobody'"),
        ({"runs": [_run(0.5, dataset="nothing")]}, "the dataset 'nothing'"),
        (
            {"scores": [Score(source="s", model="no", dataset="pets", name="logme", value=1)]},
            "the model 'no'",
        ),
        (
            {"relations": [Relation(source="s", dataset="pets", other="x", name="d", value=1)]},
            "the other 'x'",
        ),
    ],
)
def test_a_record_without_cards_changes_nothing(toy_store: RecordStore, records: dict[str, Any], what: str) -> None:
    revision = toy_store.revision
    with pytest.raises(StoreError, match=f"were not stored, and nothing was changed: {what} of a record has no card"):
        toy_store.add(datasets=[DatasetCard(id="new", source="mine")], **records)
    assert toy_store.revision == revision
    assert "new" not in toy_store.names().datasets


def test_another_zoo_that_ships_replaces_the_old_and_keeps_ones_own(
    toy_store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_store.add(runs=[_run(0.875)])
    models = (ModelCard(id="resnet", source="toy"),)
    datasets = (DatasetCard(id="birds_1", source="toy"),)
    write_tables(Collection(models, datasets, (_run(0.125, source="toy"),)), tmp_path)
    monkeypatch.setattr("zoograph.data.tables.shipped_zoo", lambda: tmp_path)
    with RecordStore.open() as store:
        assert sorted(store.snapshot().runs["value"]) == [0.125, 0.875]
