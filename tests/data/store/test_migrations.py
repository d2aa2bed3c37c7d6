"""Older stores: one written by zoograph 0.1 becomes one of today, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from zoograph.data.errors import StoreError
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store import migrations, schema
from zoograph.data.store.batches import Undone
from zoograph.data.store.migrations import get_revision
from zoograph.data.store.store import RecordStore


@pytest.fixture
def old_url(database_url: str) -> str:
    """The URL of a store that version 1 wrote: the small zoo, and a batch of one's own."""
    kind = sa.make_url(database_url).get_backend_name()
    text = Path(__file__).with_name(f"store_v1_{kind}.sql").read_text(encoding="utf-8")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        for statement in re.split(r";\n", text):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    return database_url


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


def test_migrated_tables_are_those_of_a_new_store(toy_zoo: Collection, old_url: str) -> None:
    RecordStore.open().close()
    engine = sa.create_engine(old_url)
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
