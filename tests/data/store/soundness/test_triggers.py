"""Triggers: who kept records is told of a row that something else changed, and of nothing that zoograph does."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from zoograph.data.records.records import Protocol, Relation, Run, Score
from zoograph.data.store.rows import REMOVALS, get_meta
from zoograph.data.store.store import RecordStore

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def _token(store: RecordStore) -> str | None:
    with store._read() as connection:
        return get_meta(connection).get(REMOVALS)


def _change(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("table", ["runs", "scores", "relations"])
def test_a_change_and_a_removal_renew_the_tokens(toy_store: RecordStore, database_url: str, table: str) -> None:
    toy_store.add(
        scores=[Score(source="t", model="vit", dataset="pets", name="knn", value=0.5)],
        relations=[Relation(source="t", dataset="pets", other="birds_1", name="distance", value=0.5)],
    )
    tokens, revisions = [_token(toy_store)], [toy_store.revision]
    for statement in (f"UPDATE {table} SET value = 0.125", f"DELETE FROM {table}"):
        _change(database_url, statement)
        tokens.append(_token(toy_store))
        revisions.append(toy_store.revision)
    assert len(set(tokens)) == len(set(revisions)) == 3


def test_what_finds_no_row_renews_nothing(toy_store: RecordStore, database_url: str) -> None:
    before = _token(toy_store), toy_store.revision
    _change(database_url, "DELETE FROM runs WHERE model = 'nobody'")
    assert (_token(toy_store), toy_store.revision) == before


def test_batches_come_and_go_without_a_word(toy_store: RecordStore) -> None:
    before = _token(toy_store)
    run = Run(source="mine", model="vit", dataset="birds_1", protocol=Protocol.HEAD, value=0.5)
    toy_store.add(runs=[run], batch="mine")
    toy_store.undo("mine")
    assert _token(toy_store) == before
