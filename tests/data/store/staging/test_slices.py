"""A large batch comes into SQLite in slices: nobody reads it before it is whole, and others write in between."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.staging import slices, staging
from zoograph.data.store.store import RecordStore


def _run(seed: int, **fields: Any) -> Run:
    given = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": 0.5, "seed": seed}
    return Run.model_validate({**given, **fields})


RUNS = [_run(seed) for seed in range(50)]


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of more than 20 records come in slices of ten."""
    monkeypatch.setattr(staging, "LARGE", 20)
    monkeypatch.setattr(slices, "_ROWS", 10)
    monkeypatch.setattr(slices, "_SECONDS", 0.0)


def _between_slices(monkeypatch: pytest.MonkeyPatch, act: Any) -> list[int]:
    """Call ``act`` after each slice, with the lock free; return a list that gets what it returns."""
    found: list[int] = []
    monkeypatch.setattr(slices, "sleep", lambda _: found.append(act()))
    return found


def _number(store: RecordStore) -> int:
    return store.count_runs(Protocol.HEAD)


def test_a_batch_is_read_at_once_or_not_at_all(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> int:
        with RecordStore.open() as other:
            assert [batch.id for batch in other.batches()] == ["shipped"]
            assert "new" not in other.cards()[1]
            assert other.check().is_sound
            return _number(other)

    before = toy_store.summary()
    found = _between_slices(monkeypatch, look)
    with toy_store.stage([*RUNS, *RUNS[:3], _run(1, dataset="new")]) as staged:
        assert staged.store([], [DatasetCard(id="new", source="mine")], "large", "a test") == 51
    assert found == [1] * 6
    assert _number(toy_store) == 52
    assert next((batch.id, batch.records) for batch in toy_store.batches()) == ("large", 51)
    assert toy_store.check().is_sound
    assert toy_store.summary().num_runs.sum() == before.num_runs.sum() + 51


def test_others_write_in_between_and_keep_what_is_theirs(
    toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that somebody else brings meanwhile is theirs, and counts once."""
    written = 0

    def write() -> int:
        nonlocal written
        written += 1
        with RecordStore.open() as other:
            return other.add(runs=[RUNS[written], _run(1000 + written)], batch=f"small {written}")

    found = _between_slices(monkeypatch, write)
    with toy_store.stage(RUNS) as staged:
        assert staged.store([], [], "large", "a test") == 50 - 5
    assert found == [2] * 5
    assert _number(toy_store) == 1 + 50 + 5
    assert toy_store.undo("large").records == 45
    assert _number(toy_store) == 1 + 2 * 5
    assert toy_store.check().is_sound


def test_a_staged_batch_takes_over_too(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def write() -> int:
        with RecordStore.open() as other, other.stage(RUNS[:2]) as staged:
            return staged.store([], [], "small", "a test")

    found = _between_slices(monkeypatch, write)
    with toy_store.stage(RUNS) as staged:
        assert staged.store([], [], "large", "a test") == 48
    assert found == [2, 0, 0, 0, 0]


def test_a_batch_that_is_there_grows_in_one_piece(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records are neither hidden nor counted twice, and they stay when more of them are refused."""
    with toy_store.stage(RUNS[:30]) as staged:
        assert staged.store([], [], "large", "a test") == 30
    slices_seen = _between_slices(monkeypatch, lambda: 0)
    with toy_store.stage([*RUNS, _run(0, model="nobody")]) as staged, pytest.raises(StoreError):
        staged.store([], [], "large", "a test")
    assert _number(toy_store) == 31
    with toy_store.stage(RUNS) as staged:
        assert staged.store([], [], "large", "a test") == 20
    assert next(batch.records for batch in toy_store.batches() if batch.id == "large") == 50
    assert slices_seen == []
    assert _number(toy_store) == 51


def test_a_batch_without_cards_changes_nothing(toy_store: RecordStore, home: Path) -> None:
    revision = toy_store.revision
    with (
        pytest.raises(StoreError, match=r"nothing was changed: the model 'nobody' of a record has no card"),
        toy_store.stage([*RUNS, _run(0, model="nobody")]) as staged,
    ):
        staged.store([], [], "large", "a test")
    assert toy_store.revision == revision
    with closing(sqlite3.connect(home / "zoograph.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM meta WHERE key = 'arriving'").fetchone() == (0,)
    with toy_store.stage([_run(0, model="nobody")]) as staged, pytest.raises(StoreError, match="FOREIGN KEY"):
        staged.store([], [], "small", "a test")  # on the same connection, which looks at cards again


_KILLED = """
import os, signal, sys
from zoograph.data.records.records import Run
from zoograph.data.store.database import make_engine
from zoograph.data.store.staging import slices, staging
from zoograph.data.store.store import RecordStore
staging.LARGE, slices._ROWS, slices._SECONDS = 20, 10, 0.0
slices.sleep = lambda _: os.kill(os.getpid(), signal.SIGKILL)
fields = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": 0.5}
runs = [Run(**fields, seed=seed) for seed in range(50)]
with RecordStore(make_engine(sys.argv[1])) as store, store.stage(runs) as staged:
    staged.store([], [], "killed", "a test")
"""


def test_what_a_killed_process_left_is_never_read_and_taken_out(
    toy_store: RecordStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.run([sys.executable, "-c", _KILLED, f"sqlite:///{home / 'zoograph.db'}"], check=False)
    assert ended.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(home / "zoograph.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs WHERE batch = 'killed'").fetchone() == (10,)
    assert _number(toy_store) == 1
    assert toy_store.add(runs=RUNS[:2], batch="again") == 2
    monkeypatch.setattr(slices, "sleep", lambda _: None)
    with toy_store.stage(RUNS[5:]) as staged:
        assert staged.store([], [], "large", "a test") == 45
    assert _number(toy_store) == 1 + 2 + 45
    with closing(sqlite3.connect(home / "zoograph.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs WHERE batch = 'killed'").fetchone() == (0,)


def test_names_are_looked_up_while_others_write(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of the waiting records, however many, holds no lock."""
    real = staging.Staging._names

    def look(self: staging.Staging) -> dict[str, set[str]]:
        with self._connection.begin():
            assert not self._connection.get_execution_options().get("zoograph_write")
        return real(self)

    monkeypatch.setattr(staging.Staging, "_names", look)
    monkeypatch.setattr(slices, "sleep", lambda _: None)
    with toy_store.stage(RUNS) as staged:
        assert staged.store([], [], "large", "a test") == 50


def test_a_slice_ends_after_its_time(toy_store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that says a third of a second more each time, a slice of a second is three pieces of ten records."""
    clock = iter(number / 3 for number in range(1000))
    monkeypatch.setattr(slices, "_SECONDS", 1.0)
    monkeypatch.setattr(slices, "monotonic", lambda: next(clock))
    held: list[int] = []

    def look() -> int:
        with closing(sqlite3.connect(str(toy_store._engine.url.database))) as connection:
            held.append(connection.execute("SELECT count(*) FROM runs WHERE batch = 'large'").fetchone()[0])
        return 0

    _between_slices(monkeypatch, look)
    with toy_store.stage([*RUNS, *(_run(seed) for seed in range(50, 60))]) as staged:
        staged.store([], [], "large", "a test")
    assert held == [30, 60]
