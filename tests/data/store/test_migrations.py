"""Older stores: one written by zoograph 0.1 becomes one of today, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from zoograph.data.errors import StoreError
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store import migrations, schema
from zoograph.data.store.batches import Undone
from zoograph.data.store.migrations import get_revision
from zoograph.data.store.store import RecordStore


@pytest.fixture
def fill(database_url: str) -> Callable[[int], None]:
    """A callable that fills the database as version 1, 3 or 4 would have."""

    def make(version: int) -> None:
        _fill_as_version_1(database_url)
        if version > 1:
            _upgrade(database_url, version)

    return make


@pytest.fixture
def old_url(database_url: str, fill: Callable[[int], None]) -> str:
    """The URL of a store that version 1 wrote."""
    fill(1)
    return database_url


@pytest.fixture
def third_url(database_url: str, fill: Callable[[int], None]) -> str:
    """The URL of a store that version 3 wrote."""
    fill(3)
    return database_url


def _fill_as_version_1(database_url: str) -> None:
    """Write the small zoo, and a batch of one's own."""
    kind = sa.make_url(database_url).get_backend_name()
    text = Path(__file__).with_name(f"store_v1_{kind}.sql").read_text(encoding="utf-8")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        for statement in re.split(r";\n", text):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def _tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    tables = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return tables


def test_an_old_store_is_migrated_with_all_that_it_knows(toy_zoo: Collection, old_url: str) -> None:
    with RecordStore.open() as store:
        assert store.count_runs(Protocol.FINETUNE) == 3
        assert store.names().models["m"] == ("mine",)
        assert [(batch.id, batch.created_at, batch.records) for batch in store.batches()[-1:]] == [
            ("first-of-mine", None, 3)
        ]
        ((row,),) = [
            [row for row in part if row[0] == "mine"]
            for part in store.stream_runs(("model", "value", "stored_at", "measured_at"))
        ]
        assert (row[1], row[2], row[3].isoformat()) == (0.9, None, "2024-05-06T07:08:09+00:00")
        assert store.undo("first-of-mine") == Undone(records=3, cards=0)


def _upgrade(database_url: str, version: int) -> None:
    """Make the tables those of version 3 or 4, with an influence and a run of one's own."""
    engine = sa.create_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.stamp(config, get_revision(1))
        command.upgrade(config, get_revision(version))
        connection.exec_driver_sql(f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'")
        connection.exec_driver_sql(
            "INSERT INTO batches (id, created_at, origin, records) VALUES ('third', '2026-01-02 03:04:05', 'a test', 2)"
        )
        connection.exec_driver_sql(
            "INSERT INTO influences (id, label, corpus, dataset, name, value, source, batch) "
            "VALUES ('bb110832931191166d7a718e8f64513c234d54acddd07c1e6ead3276301bcdbe', "
            "'cat', 'pets', 'birds_1', 'influence_correct', 0.25, 'mine', 'third')"
        )
        connection.exec_driver_sql(
            "INSERT INTO runs (id, model, dataset, protocol, metric, value, hyperparameters, source, batch, stored_at) "
            "VALUES ('9acbdf1c2ba9795c14854be0f21f911fb7de14f709fcd2eeaf7d683f07e21c38', "
            "'vit', 'birds_1', 'finetune', 'miou', 0.5, '{\"lr\": 0.1}', 'mine', 'third', "
            "'2026-01-02 03:04:05')"
        )
    engine.dispose()


def test_a_store_of_version_3_keeps_its_runs_and_gets_the_new_columns(toy_zoo: Collection, third_url: str) -> None:
    columns = ("batch", "protocol", "metric", "value", "hyperparameters", "shots", "input_size", "repeats", "failure")
    with RecordStore.open() as store:
        rows = [row for part in store.stream_runs(columns) for row in part if row[0] == "third"]
        assert rows == [("third", "finetune", "miou", 0.5, {"lr": 0.1}, None, None, None, None)]
        assert store.snapshot().influences["value"].tolist() == [0.25]
        run = Run(source="mine", model="vit", dataset="pets", protocol=Protocol.PROBE, value=0.5, shots=16, repeats=5)
        assert store.add(runs=[run]) == 1
        assert store.undo("third") == Undone(records=2, cards=0)


def test_a_store_of_version_4_keeps_its_records_and_tells_of_changes(
    toy_zoo: Collection, database_url: str, fill: Callable[[int], None]
) -> None:
    fill(4)
    with RecordStore.open() as store:
        assert {batch.id: batch.records for batch in store.batches() if batch.id != "shipped"} == {
            "first-of-mine": 3,
            "third": 2,
        }
        with store._read() as connection:
            kept = store._kept(connection)
        assert kept.lacking() == set()
        assert sum(kept.tables["runs"].numbers["num_runs"]) == store.snapshot().num_runs.sum() == 5
        revision = store.revision
        engine = sa.create_engine(database_url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM runs WHERE batch = 'third'")
        engine.dispose()
        assert store.revision != revision
        with store._read() as connection:
            assert store._kept(connection).lacking() == {"third"}


def test_a_store_of_this_version_is_left_alone(toy_store: RecordStore) -> None:
    revision = toy_store.revision
    with RecordStore.open() as again:
        assert again.revision == revision


@pytest.mark.parametrize("version", [1, 3, 4])
def test_migrated_tables_are_those_of_a_new_store(
    toy_zoo: Collection, database_url: str, fill: Callable[[int], None], version: int
) -> None:
    fill(version)
    RecordStore.open().close()
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == get_revision(schema.SCHEMA_VERSION)
    engine.dispose()


def test_a_new_store_is_at_alembics_last_revision(toy_zoo: Collection, database_url: str) -> None:
    RecordStore.open().close()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    assert current == ScriptDirectory.from_config(config).get_current_head() == get_revision(schema.SCHEMA_VERSION)


def test_a_migration_that_fails_changes_nothing(
    toy_zoo: Collection, old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("zoograph.data.store.preparation.set_meta", _refuse)
        with pytest.raises(StoreError, match="cannot be used: no"):
            RecordStore.open()
    assert _tables(old_url) == schema.FIRST_TABLES
    with RecordStore.open() as store:
        assert len(store.batches()) == 2


def _refuse(*_: object, **__: object) -> None:
    raise ValueError("no")


def test_a_current_store_is_opened_without_alembic(toy_store: RecordStore, run_python: Callable[..., Any]) -> None:
    code = (
        "import sys; from zoograph.data.store.store import RecordStore; RecordStore.open().close(); print(*sys.modules)"
    )
    ran = run_python(code)
    assert ran.code == 0
    assert "zoograph.data.store.migrations" in ran.out
    assert "alembic" not in ran.out.split()
