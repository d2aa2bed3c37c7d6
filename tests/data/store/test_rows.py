"""Rows: cards that replace others, records that need cards, and what a batch takes with it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Relation, Score
from zoograph.data.store import schema
from zoograph.data.store.database import begin, make_engine
from zoograph.data.store.rows import find_known, get_meta, set_meta
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def _influence(**fields: Any) -> ClassInfluence:
    given = {"source": "s", "label": "cat", "dataset": "pets", "name": "influence_correct", "value": 0.25}
    return ClassInfluence.model_validate({**given, **fields})


def test_a_card_of_a_known_id_replaces_it_with_its_names(toy_store: RecordStore) -> None:
    toy_store.add(models=[ModelCard(id="resnet", source="mine", aliases=("new",), parameters=3)])
    assert toy_store.names().models["new"] == ("resnet",)
    assert toy_store.names().models["net"] == ("vit",)
    assert toy_store.snapshot().models["resnet"].parameters == 3


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ({"runs": [own_run(0.5, model="nobody")]}, "the model 'nobody'"),
        ({"runs": [own_run(0.5, dataset="nothing")]}, "the dataset 'nothing'"),
        (
            {"scores": [Score(source="s", model="no", dataset="pets", name="logme", value=1)]},
            "the model 'no'",
        ),
        (
            {"relations": [Relation(source="s", dataset="pets", other="x", name="d", value=1)]},
            "the other 'x'",
        ),
        (
            {"influences": [_influence(corpus="x")]},
            "the corpus 'x'",
        ),
    ],
)
def test_a_record_without_cards_changes_nothing(toy_store: RecordStore, records: dict[str, Any], what: str) -> None:
    revision = toy_store.revision
    with pytest.raises(StoreError, match=f"were not stored, and nothing was changed: {what} of a record has no card"):
        toy_store.add(datasets=[DatasetCard(id="new", source="mine")], **records)
    assert toy_store.revision == revision
    assert "new" not in toy_store.names().datasets


def test_a_record_costs_few_statements_and_reads_no_other_rows(toy_store: RecordStore) -> None:
    said: list[str] = []
    sa.event.listen(toy_store._engine, "before_cursor_execute", lambda *words: said.append(words[2].split()[0]))
    assert toy_store.add(runs=[own_run(0.25)]) == 1
    own = [word for word in said if word in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    assert own[-6:] == ["SELECT", "SELECT", "SELECT", "INSERT", "INSERT", "INSERT"]
    assert len(own) <= 7  # PostgreSQL is asked for the writers' lock first


def test_what_is_known_is_found_among_any_number_of_names(toy_store: RecordStore, database_url: str) -> None:
    engine = make_engine(database_url)
    with begin(engine) as connection:
        names = [str(number) for number in range(12_000)]
        assert find_known(connection, schema.models.c.id, [*names, "vit", "resnet", "vit"]) == {"vit", "resnet"}
        assert find_known(connection, schema.models.c.id, []) == set()
    engine.dispose()


def test_what_the_store_says_of_itself_is_replaced(toy_store: RecordStore, database_url: str) -> None:
    engine = make_engine(database_url)
    with begin(engine, write=True) as connection:
        before = get_meta(connection)
        set_meta(connection, revision="new", more="x")
        assert get_meta(connection) == {**before, "revision": "new", "more": "x"}
    engine.dispose()
