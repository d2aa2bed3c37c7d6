"""What is kept of a store: the same as reading it, whatever came in, was taken out or was changed since."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Score
from zoograph.data.store import schema
from zoograph.data.store.selection import visible
from zoograph.data.store.soundness import kept as module
from zoograph.data.store.soundness.kept import Kept, Stamp, changed_batches, kept_file, read_kept
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run


def _read(home: Path) -> Kept:
    with RecordStore.open() as store, store._read() as connection:
        return read_kept(connection, kept_file(home, store._engine.url))


def _rows(kept: Kept) -> list[tuple[Any, ...]]:
    runs = kept.tables["runs"]
    return sorted(zip(*map(runs.texts, ("model", "dataset", "state")), *runs.numbers.values(), strict=True))


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows, each time that the table of runs is read, by how many rows were."""
    number: list[int] = []
    real = module.stream_sound

    def stream(connection: Any, table: sa.Table, *rest: Any, **how: Any) -> Any:
        rows = list(real(connection, table, *rest, **how))
        if table is schema.runs:
            number.append(len(rows))
        return iter(rows)

    monkeypatch.setattr(module, "stream_sound", stream)
    return number


@pytest.fixture
def opened(toy_store: RecordStore, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were read of the table of runs, each time that it was."""
    toy_store.close()
    return _count_reads(monkeypatch)


def test_a_store_is_read_once_and_then_what_came_in(opened: list[int], home: Path) -> None:
    first = _read(home)
    assert _rows(_read(home)) == _rows(first)
    assert opened == [3]
    with RecordStore.open() as store:
        store.add(
            runs=[own_run(0.25, seed=1, test_size=20), own_run(0.75, seed=2, test_size=20), own_run(0.1, failure="no")]
        )
    rows = _rows(_read(home))
    assert opened == [3, 3]
    assert ("resnet", "birds_1", "t20", 1.0, 2.0, 40.0, 0.0, 2.0) in rows
    assert ("resnet", "birds_1", "failed", 0.1, 1.0, 0.0, 0.0, 1.0) in rows
    assert len(rows) == len(_rows(first)) + 2


def test_runs_that_were_tested_on_other_numbers_of_samples_stay_apart_as_far_as_they_count(
    opened: list[int], home: Path
) -> None:
    sizes = (10, 20, 10_000, 10_001, 90_000)
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.5, seed=seed, test_size=size) for seed, size in enumerate(sizes)])
    found = {row[2]: row[4] for row in _rows(_read(home)) if row[2].startswith("t")}
    assert found == {"t10": 1.0, "t20": 1.0, "t10000": 3.0}


def test_what_was_taken_out_is_gone(opened: list[int], home: Path) -> None:
    before = _rows(_read(home))
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.25)], batch="mine")
    assert len(_rows(_read(home))) == len(before) + 1
    with RecordStore.open() as store:
        store.undo("mine")
        store.add(runs=[own_run(0.125, seed=3)], batch="other")
    assert [row[3] for row in _rows(_read(home)) if row not in before] == [0.125]
    assert opened == [3, 1, 1]


def test_a_file_that_something_else_wrote_to_is_read_anew(opened: list[int], home: Path) -> None:
    _read(home)
    with closing(sqlite3.connect(home / "zoograph.db")) as connection, connection:
        connection.execute("UPDATE runs SET value = 0.75 WHERE dataset = 'birds_1'")
    kept = _read(home)
    assert [row.table for row in kept.damaged] == ["runs"]
    assert not any(row[1] == "birds_1" for row in _rows(kept))
    assert opened == [3, 2]
    assert _read(home).damaged == kept.damaged
    assert opened == [3, 2]


def test_damaged_rows_are_told_each_time(toy_store: RecordStore, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    toy_store.close()
    with closing(sqlite3.connect(home / "zoograph.db")) as connection, connection:
        connection.execute("UPDATE runs SET value = 0.75 WHERE dataset = 'birds_1'")
    for _ in range(2):
        caplog.clear()
        with RecordStore.open() as store:
            assert "birds_1" not in set(store.summary().runs["dataset"])
        assert "1 row of the store was changed on disk" in caplog.text


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\x10" + b"\0" * 40])
def test_a_broken_file_is_written_anew(opened: list[int], home: Path, content: bytes) -> None:
    kept = _read(home)
    path = next((home / "cache" / "store").glob("*.safetensors"))
    whole = path.read_bytes()
    path.write_bytes(content)
    assert _rows(_read(home)) == _rows(kept)
    assert path.read_bytes() == whole
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    path.write_bytes(flipped)
    assert _rows(_read(home)) == _rows(kept)
    assert opened == [3, 3, 3]


def test_a_home_that_cannot_be_written_is_answered_from(
    opened: list[int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(module, "replace_file", refuse)
    assert len(_rows(_read(home))) == 3
    assert len(_rows(_read(home))) == 3
    assert opened == [3, 3]
    assert not list((home / "cache").rglob("*.safetensors"))


def test_a_large_store_is_not_written_for_a_few_rows(
    opened: list[int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read(home)
    monkeypatch.setattr(module, "_SMALL", 2)
    path = next((home / "cache" / "store").glob("*.safetensors"))
    before = path.read_bytes()
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id="m", source="s")], runs=[own_run(0.5, model="m")])
    for _ in range(2):
        assert any(row[0] == "m" for row in _rows(_read(home)))
    assert opened == [3, 1, 1]
    assert path.read_bytes() == before
    monkeypatch.setattr(module, "_MANY", 0)
    _read(home), _read(home)
    assert opened == [3, 1, 1, 1]


def test_scores_are_kept_row_by_row(opened: list[int], home: Path, toy_zoo: Collection) -> None:
    with RecordStore.open() as store:
        store.add(scores=[Score(source="t", model="vit", dataset="pets", name="logme", value=v) for v in (1.0, 2.0)])
    scores = _read(home).tables["scores"]
    assert sorted(scores.numbers["value"].tolist()) == sorted([*(row.value for row in toy_zoo.scores), 1.0, 2.0])


def test_what_is_kept_is_of_one_database() -> None:
    home = Path("/home")
    assert kept_file(home, sa.make_url("sqlite://")) is None
    plain, other = kept_file(home, sa.make_url("sqlite:////a/b c")), kept_file(home, sa.make_url("sqlite:////a/d"))
    readable = sa.URL.create("sqlite", database="file:///a/b%20c", query={"mode": "ro", "uri": "true"})
    assert plain == kept_file(home, readable) != other
    server = kept_file(home, sa.make_url("postgresql+psycopg://a@b/c"))
    assert server is not None
    assert server.parent == home / "cache" / "store"


def test_stamps() -> None:
    stamp = Stamp("1", "r", "f")
    assert stamp.became(stamp)
    assert stamp.became(Stamp("2", "r", "g"))
    assert not stamp.became(Stamp("2", "s", "f"))
    assert not stamp.became(Stamp("1", "r", "g"))
    assert Stamp("1", "r", "").became(Stamp("1", "r", "g"))


def test_batches_that_came_grew_or_went() -> None:
    known, now = {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "d": "5"}
    assert changed_batches(known, now) == ({"b", "c"}, ["b", "d"])


def test_the_protocol_is_kept(opened: list[int], home: Path) -> None:
    assert set(_read(home).tables["runs"].words["protocol"]) == {Protocol.HEAD.value, Protocol.FINETUNE.value}


@pytest.fixture
def asked(database_url: str, toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were read of the table of runs of a store in either database, each time that it was."""
    return _count_reads(monkeypatch)


def test_both_databases_read_what_came_in_alone(asked: list[int], home: Path) -> None:
    before = _rows(_read(home))
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.25)], batch="new")
    _read(home)
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.125, seed=3)], batch="new")  # it has grown
    rows = _rows(_read(home))
    assert sum(row[4] for row in rows) == sum(row[4] for row in before) + 2
    assert asked == [3, 1, 2]
    with RecordStore.open() as store:
        store.undo("new")
    assert _rows(_read(home)) == before
    assert asked == [3, 1, 2]


@pytest.mark.parametrize("statement", ["DELETE FROM runs WHERE dataset = 'birds_1'",
                                       "UPDATE runs SET value = 0.75 WHERE dataset = 'birds_1'"])  # fmt: skip
def test_both_databases_notice_an_old_row_that_changed(
    asked: list[int], home: Path, database_url: str, statement: str
) -> None:
    """Even if records came in by zoograph afterwards."""
    assert any(row[1] == "birds_1" for row in _rows(_read(home)))
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.25, dataset="pets")])
    kept = _read(home)
    assert not any(row[1] == "birds_1" for row in _rows(kept))
    assert asked == [3, 3]
    assert len(kept.damaged) == statement.startswith("UPDATE")
    assert kept.lacking() == ({"shipped"} if statement.startswith("DELETE") else set())


def test_an_index_that_lost_an_entry_loses_no_row(
    asked: list[int], home: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    _read(home)
    with RecordStore.open() as store:
        store.add(runs=[own_run(0.25), own_run(0.5, seed=1)], batch="new")
    real = module.stream_sound

    def lose(connection: Any, table: sa.Table, columns: Any, damaged: Any, *conditions: Any, **how: Any) -> Any:
        rows = list(real(connection, table, columns, damaged, *conditions, **how))
        return iter(rows[1:] if conditions else rows)

    monkeypatch.setattr(module, "stream_sound", lose)
    assert sum(row[4] for row in _rows(_read(home))) == 5
    assert asked == [3, 2, 5]


def explain(url: str, query: sa.Select[Any]) -> str:
    """Return how a database finds the rows of a query, where reading a whole table costs more than anything."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
        if engine.dialect.name == "sqlite":
            rows = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")
            rows = list(connection.exec_driver_sql(f"EXPLAIN {text}").scalars())
    engine.dispose()
    return "\n".join(rows)


def test_batches_are_found_by_an_index(asked: list[int], database_url: str) -> None:
    """No table is read from one end to the other for what came in."""
    for table in (schema.runs, schema.scores, schema.relations, schema.influences):
        (some,) = module.of_batches(table, {"known": "1"}, ["new"])
        plan = explain(database_url, sa.select(table).where(visible(table), *some))
        assert f"{table.name}_by_batch" in plan
        assert f"SCAN {table.name}" not in plan
        assert f"Seq Scan on {table.name}" not in plan
