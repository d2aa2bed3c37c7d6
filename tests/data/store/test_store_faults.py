"""The store under fault: other files, full disks, kills and crowds."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import StoreError
from zoograph.data.records.collection import Collection
from zoograph.data.store.database import explained, locate
from zoograph.data.store.store import RecordStore


def _counts(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = ("models", "datasets", "runs", "scores", "relations", "influences")
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    finally:
        connection.close()


def test_a_full_disk_changes_nothing(toy_zoo: Collection, toy_store: RecordStore, home: Path) -> None:
    before = _counts(home / "zoograph.db")

    def fill(connection: Any, *_: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # it never goes below what is used

    event.listen(toy_store._engine, "begin", fill)
    with pytest.raises(StoreError, match="nothing was changed: database or disk is full"):
        toy_store.add(runs=[toy_zoo.runs[0].model_copy(update={"seed": seed}) for seed in range(5000)])
    assert _counts(home / "zoograph.db") == before


def test_a_store_that_was_cut_short_never_answers_wrongly(toy_store: RecordStore, home: Path) -> None:
    expected = (toy_store.names(), toy_store.snapshot().fingerprint())
    toy_store.close()
    whole = (home / "zoograph.db").read_bytes()
    refused = 0
    for length in range(1, len(whole), 2048 + 512):
        (home / "zoograph.db").write_bytes(whole[:length])
        try:
            with RecordStore.open() as store:
                assert (store.names(), store.snapshot().fingerprint()) == expected
        except StoreError as error:
            assert "cannot be used: " in str(error)  # noqa: PT017
            refused += 1
    assert refused > 10


# -- processes ------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.engine import Engine
from zoograph.data.store.store import RecordStore

left = int(sys.argv[1])

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, *_):
    global left
    left -= statement.startswith("INSERT")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

RecordStore.open()
"""

_TOGETHER = """
import json, multiprocessing, sys
from zoograph.data.store.store import RecordStore

def work(barrier, results):
    barrier.wait()
    try:
        with RecordStore.open() as store:
            results.put([store.count_runs("head"), store.count_runs("finetune"), store.revision])
    except Exception as error:
        results.put(repr(error))

context = multiprocessing.get_context("fork")
barrier, results = context.Barrier(8), context.Queue()
processes = [context.Process(target=work, args=(barrier, results)) for _ in range(8)]
for process in processes:
    process.start()
print(json.dumps([results.get() for _ in processes]))
"""


def _distinct_rows() -> dict[str, int]:
    """Number of rows of the zoo that ships; two collections may say the same of a run, which is one row then."""
    zoo = read_tables(shipped_zoo())
    return {**zoo.counts(), "runs": len({run.identity for run in zoo.runs})}


def test_kill_in_the_middle_of_the_first_use_loses_nothing(home: Path, run_python: Callable[..., Any]) -> None:
    for statement in (1, 3, 5, 8):
        assert run_python(_KILLED, str(statement)).code == -9
        assert (home / "zoograph.db").exists()
    with RecordStore.open() as store:
        assert len(store.names().families["clipart_32"]) == 9
    assert _counts(home / "zoograph.db") == _distinct_rows()


def test_eight_processes_open_a_new_home_at_once(home: Path, run_python: Callable[..., Any]) -> None:
    answers = json.loads(run_python(_TOGETHER).out)
    runs = [run for run in {run.identity: run for run in read_tables(shipped_zoo()).runs}.values() if not run.failure]
    head, finetune = (sum(run.protocol == name for run in runs) for name in ("head", "finetune"))
    assert answers == [[head, finetune, answers[0][2]]] * 8  # one of them loaded the zoo, once
    assert _counts(home / "zoograph.db") == _distinct_rows()


@pytest.fixture
def read_only(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a store in which nothing can be made."""
    toy_store.close()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "touch", refuse)


def test_a_read_only_home_is_read_and_left_as_it_is(toy_zoo: Collection, home: Path, read_only: None) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in home.iterdir()}
    with RecordStore.open(to_read=True) as store:
        assert store.count_cards() == (2, 3)
        assert store.check().is_sound
        with pytest.raises(StoreError, match=r"readonly database\. Make the file and its folder writable"):
            store.add(runs=[toy_zoo.runs[0].model_copy(update={"seed": 1})])
    assert {path.name: path.stat().st_mtime_ns for path in home.iterdir()} == before
    with pytest.raises(StoreError, match="is not writable"):
        RecordStore.open()


def test_what_a_writer_left_beside_a_read_only_store_is_read_too(
    toy_zoo: Collection, toy_store: RecordStore, home: Path, tmp_path: Path
) -> None:
    toy_store.add(runs=[toy_zoo.runs[0].model_copy(update={"seed": 1})])  # in the log alone, while it is open
    assert (home / "zoograph.db-wal").stat().st_size
    assert "immutable" not in locate(home / "zoograph.db", read_only=True).query
    with closing(sqlite3.connect(locate(home / "zoograph.db", read_only=True).database or "", uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (4,)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("database or disk is full", "Free some space"),
        ("disk I/O error", "The disk may be full or failing"),
        ("database is locked", "Another program holds it"),
        ("attempt to write a readonly database", "Make the file and its folder writable"),
        ("database disk image is malformed", "'zoograph status --check --repair' may mend it"),
        ("file is not a database", "Move that file aside"),
    ],
)
def test_the_cause_decides_what_is_advised(said: str, advice: str) -> None:
    with pytest.raises(StoreError, match=f"{said}. {advice}"), explained("It failed", "Move that file aside"):
        raise DatabaseError("SELECT", {}, sqlite3.OperationalError(said))
