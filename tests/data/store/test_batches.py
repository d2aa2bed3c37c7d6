"""Batches: they come in parts, are listed newest first, and go as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from zoograph.data.errors import StoreError, UnknownName
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Protocol, Relation, Score
from zoograph.data.store import batches, rows, schema
from zoograph.data.store.batches import Undone, new_batch
from zoograph.data.store.staging import staging
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases

_BOOKKEEPING = ("value", "source", "batch", "stored_at")


def _counts(url: str) -> dict[str, int]:
    engine = sa.create_engine(url)
    tables = (schema.models, schema.datasets, schema.runs, schema.scores, schema.relations, schema.influences)
    with engine.connect() as connection:
        counts = {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in tables}
    engine.dispose()
    return counts


def _influence(**fields: Any) -> ClassInfluence:
    given = {"source": "s", "label": "cat", "dataset": "pets", "name": "influence_correct", "value": 0.25}
    return ClassInfluence.model_validate({**given, **fields})


def test_ids_of_batches_are_different_and_sort_by_time() -> None:
    first, second = new_batch(), new_batch()
    assert first != second
    assert first[:15] <= second[:15]
    assert datetime.strptime(first[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) <= datetime.now(UTC)


def test_every_row_carries_source_time_and_batch(toy_store: RecordStore, database_url: str) -> None:
    before = datetime.now(UTC)
    toy_store.add(runs=[own_run(0.875)], batch="monday", origin="a test")
    newest, shipped = toy_store.batches()
    assert (newest.id, newest.origin, newest.records) == ("monday", "a test", 1)
    assert (shipped.id, shipped.records) == ("shipped", 3)
    assert newest.created_at is not None
    assert before <= newest.created_at <= datetime.now(UTC)
    ((row,),) = [[row for row in part if row[0] == 0.875] for part in toy_store.stream_runs(_BOOKKEEPING)]
    assert row[1:3] == ("mine", "monday")
    assert before <= row[3] <= datetime.now(UTC)


def test_undo_takes_back_what_a_batch_brought_and_nothing_else(toy_store: RecordStore, database_url: str) -> None:
    before, counts = toy_store.snapshot().fingerprint(), _counts(database_url)
    model = ModelCard(id="mine", source="mine", aliases=("m",), pretrained_on="corpus")
    datasets = [DatasetCard(id="corpus", source="mine"), DatasetCard(id="d", source="mine", family="f")]
    scores = [Score(source="s", model="mine", dataset="d", name="logme", value=1)]
    relations = [Relation(source="s", dataset="pets", other="d", name="d", value=1)]
    runs, influences = [own_run(0.1, model="mine"), own_run(0.2)], [_influence(corpus="corpus")]
    toy_store.add([model], datasets, runs, scores, relations, influences, batch="monday")
    assert toy_store.snapshot().influences[["label", "corpus", "value"]].values.tolist() == [["cat", "corpus", 0.25]]
    revision = toy_store.revision
    assert toy_store.undo("monday") == Undone(records=5, cards=3)
    assert (toy_store.snapshot().fingerprint(), _counts(database_url)) == (before, counts)
    assert not {"m", "mine"} & set(toy_store.names().models)
    assert "f" not in toy_store.names().families
    assert toy_store.revision != revision
    assert [batch.id for batch in toy_store.batches()] == ["shipped"]


def test_a_batch_that_is_not_there_and_the_shipped_one_cannot_be_undone(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(0.1)], batch="monday")
    with pytest.raises(UnknownName, match=r"'mondya'\. Nearest names: monday, shipped\. See 'zoograph undo --list'"):
        toy_store.undo("mondya")
    with pytest.raises(StoreError, match="The zoo that ships cannot be taken back"):
        toy_store.undo("shipped")


def test_a_batch_may_come_in_parts(toy_store: RecordStore) -> None:
    assert toy_store.add(runs=[own_run(0.1)], batch="monday") == 1
    assert toy_store.add(runs=[own_run(0.1), own_run(0.2)], batch="monday") == 1
    assert toy_store.batches()[0].records == 2


def test_without_anything_new_there_is_no_batch(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(0.1)], batch="monday")
    revision = toy_store.revision
    assert toy_store.add(models=[], runs=[own_run(0.1)]) == 0
    assert [batch.id for batch in toy_store.batches()] == ["monday", "shipped"]
    assert toy_store.revision == revision


def test_undo_leaves_the_cards_that_something_else_names(toy_store: RecordStore) -> None:
    datasets = [DatasetCard(id=name, source="mine") for name in ("captions", "corpus", "d")]
    toy_store.add([ModelCard(id="a", source="mine")], datasets, batch="monday")
    chain = ("captions", "corpus")
    toy_store.add([ModelCard(id="b", source="mine", pretrained_on="corpus", corpora=chain)], batch="tuesday")
    toy_store.add(runs=[own_run(0.1, model="a")], batch="tuesday")
    assert toy_store.undo("monday") == Undone(records=0, cards=1)
    assert {"a", *chain} <= {*toy_store.names().models, *toy_store.names().datasets}
    assert "d" not in toy_store.names().datasets


def test_a_clock_that_was_set_back_loses_nothing(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [datetime(2031, 1, day, tzinfo=UTC) for day in (20, 10)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return moments[0]

    for module in (batches, rows, staging):
        monkeypatch.setattr(module, "datetime", Clock)
    known = len(toy_store.summary().runs)
    toy_store.add(runs=[own_run(0.25), own_run(0.5)], batch="late")
    assert len(toy_store.summary().runs) == known + 1  # two runs of one pair that came together
    moments.pop(0)
    with toy_store.stage([own_run(0.5), own_run(0.75)]) as staged:
        assert staged.store((), (), "early", "a clock ten days behind") == 1
    assert toy_store.count_runs(Protocol.HEAD) == 4
    assert len(toy_store.summary().runs) == known + 2
    assert toy_store.batch_digests().keys() == {"shipped", "late", "early"}
    found = {batch.id: batch for batch in toy_store.batches()}
    first, second = found["late"].created_at, found["early"].created_at
    assert first is not None
    assert second is not None
    assert first - second == timedelta(days=10)
    assert toy_store.check().is_sound
    assert toy_store.undo("late") == Undone(2, 0)
    assert toy_store.undo("early") == Undone(1, 0)
    assert toy_store.count_runs(Protocol.HEAD) == 1
