"""One consistent read of the store, with a writer between its statements, on both databases."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import event

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def _score(value: float, dataset: str = "pets") -> Score:
    return Score(source="s", model="resnet", dataset=dataset, name="logme", value=value)


def _sha256(*records: Run | Score) -> str:
    return hashlib.sha256("".join(sorted(record.identity for record in records)).encode()).hexdigest()


def test_batch_digests_are_of_the_sorted_ids_under_all_protocols(toy_store: RecordStore, toy_zoo: Collection) -> None:
    monday = [own_run(0.25), own_run(0.75), own_run(0.5, seed=1)]
    tuesday = [own_run(0.125), own_run(0.375, protocol="finetune")]
    f1 = own_run(0.25, metric="f1")
    toy_store.add(runs=[*monday, f1], batch="monday")
    toy_store.add(runs=tuesday, batch="tuesday")
    assert toy_store.batch_digests() == {
        "shipped": _sha256(*toy_zoo.runs),
        "monday": _sha256(*monday),
        "tuesday": _sha256(*tuesday),
    }
    assert toy_store.batch_digests(Metric.F1) == {"monday": _sha256(f1)}
    assert toy_store.batch_digests(Metric.MIOU) == {}


def test_undo_and_a_new_batch_of_as_many_runs_change_the_digests(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(0.25)], batch="monday")
    before = toy_store.batch_digests()
    toy_store.undo("monday")
    toy_store.add(runs=[own_run(0.75)], batch="monday")
    after = toy_store.batch_digests()
    assert before.keys() == after.keys()
    assert before["monday"] != after["monday"]
    assert before["shipped"] == after["shipped"]


def test_score_digests_are_of_the_sorted_ids(toy_store: RecordStore) -> None:
    scores = [_score(1.0), _score(2.0)]
    toy_store.add(scores=[*scores, _score(3.0, "birds_1")])
    assert toy_store.score_digests() == {"pets": _sha256(*scores), "birds_1": _sha256(_score(3.0, "birds_1"))}
    assert toy_store.score_digests(["pets"]) == {"pets": _sha256(*scores)}


def test_everything_is_read_at_once(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(0.25)], scores=[_score(1.0)], batch="monday")
    state = toy_store.read_all()
    assert state.zoo.fingerprint() == toy_store.summary().fingerprint()
    assert state.batches[state.zoo.runs["value"] == 0.25].tolist() == ["monday"]
    assert sorted(state.batches) == ["monday", "shipped", "shipped", "shipped"]
    assert state.batch_digests == toy_store.batch_digests()
    assert state.score_digests == toy_store.score_digests()
    assert state.revision == toy_store.revision


def test_a_writer_at_every_statement_neither_starves_nor_mixes_a_read(toy_store: RecordStore) -> None:
    toy_store.add(runs=[own_run(0.25)], scores=[_score(1.0)], batch="monday")
    expected = toy_store.read_all()
    written = 0

    def write(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal written
        if not statement.startswith("SELECT"):  # before the first, the moment is not chosen yet
            return
        written += 1
        model = ModelCard(id=f"m{written}", source="mine")
        run = own_run(written / 100, model=model.id)
        with RecordStore.open() as other:
            other.add([model], runs=[run], scores=[_score(written + 1.0)], batch="monday")

    event.listen(toy_store._engine, "after_cursor_execute", write)
    state = toy_store.read_all()
    event.remove(toy_store._engine, "after_cursor_execute", write)
    assert written > 5
    assert len(toy_store.snapshot().runs) == len(expected.zoo.runs) + written
    assert state.zoo.fingerprint() == expected.zoo.fingerprint()
    assert state.batches.tolist() == expected.batches.tolist()
    assert state.batch_digests == expected.batch_digests
    assert state.score_digests == expected.score_digests
    assert state.revision == expected.revision
