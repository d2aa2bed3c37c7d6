"""Preparation: tables and the shipped zoo are made once, and what is not ours is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from zoograph.data.collections.tables import write_tables
from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.store import schema
from zoograph.data.store.database import begin
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def test_opening_again_changes_nothing(toy_store: RecordStore) -> None:
    with RecordStore.open() as again:
        assert again.revision == toy_store.revision != ""


def test_another_zoo_that_ships_replaces_the_old_and_keeps_ones_own(
    toy_store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_store.add(runs=[own_run(0.875)])
    models = (ModelCard(id="resnet", source="toy"),)
    datasets = (DatasetCard(id="birds_1", source="toy"),)
    write_tables(Collection(models, datasets, (own_run(0.125, source="toy"),)), tmp_path)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tmp_path)
    with RecordStore.open() as store:
        assert sorted(store.snapshot().runs["value"]) == [0.125, 0.875]
        assert set(store.names().models) == {"resnet"}  # nothing of one's own names the others of the old zoo
        assert set(store.names().datasets) == {"birds_1"}


def test_a_store_of_a_newer_version_is_refused(toy_store: RecordStore) -> None:
    with begin(toy_store._engine, write=True) as connection:
        change = sa.update(schema.meta).where(schema.meta.c.key == "schema_version")
        connection.execute(change.values(value=str(schema.SCHEMA_VERSION + 1)))
    with pytest.raises(StoreError, match="written by a newer zoograph: upgrade with 'pip install -U zoograph'"):
        RecordStore.open()


@pytest.mark.parametrize("damage", [{"key": "schema_versioo"}, {"value": "4x"}, {"value": ""}])
def test_a_store_that_does_not_say_its_version_is_refused(toy_store: RecordStore, damage: dict[str, str]) -> None:
    with begin(toy_store._engine, write=True) as connection:
        change = sa.update(schema.meta).where(schema.meta.c.key == "schema_version")
        connection.execute(change.values(**damage))
    with pytest.raises(StoreError, match="does not say which version its tables have: its table 'meta' is damaged"):
        RecordStore.open()
