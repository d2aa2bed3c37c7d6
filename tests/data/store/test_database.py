"""Databases: any URL and any folder, or a sentence that says why not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from zoograph.data.errors import StoreError
from zoograph.data.records.collection import Collection
from zoograph.data.store.database import begin, make_engine
from zoograph.data.store.store import RecordStore


def _counts(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = ("models", "datasets", "runs", "scores", "relations", "influences")
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    finally:
        connection.close()


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def _of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_garbage, "file is not a database"),
        (_of_another_program, "it is the database of another program"),
    ],
)
def test_another_file_is_refused_and_left_alone(home: Path, make: Callable[[Path], None], reason: str) -> None:
    home.mkdir()
    path = home / "zoograph.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"zoograph.db' cannot be used: {reason}\. Move that file aside"):
        RecordStore.open()
    assert path.read_bytes() == before
    assert list(home.iterdir()) == [path]


def test_a_folder_in_the_way_is_refused(home: Path) -> None:
    (home / "zoograph.db").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"zoograph.db' cannot be used: what is there is no file. Move it aside"):
        RecordStore.open()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("garbage", r"ZOOGRAPH_DATABASE_URL is no usable database URL: .*Give one such as 'sqlite:///"),
        ("nothing://x", "a database of the kind 'nothing', and records are kept in SQLite or PostgreSQL"),
        ("mysql://u:secret@h/d", "a database of the kind 'mysql'.*give a URL such as 'postgresql://"),
        (
            "postgresql+asyncpg://u:secret@h/d",
            r"needs an ordinary driver \(got 'asyncpg'.* Give the URL with 'postgresql://' in front",
        ),
        (
            "sqlite+aiosqlite:///x.db",
            r"needs an ordinary driver \(got 'aiosqlite'.* Give the URL with 'sqlite://' in front",
        ),
        ("sqlite+nodriver:///x.db", "no usable database URL: Can't load plugin"),
        ("postgresql://u:secret@h:port/d", "no usable database URL: invalid literal"),
        ("mssql+nodriver://h/d", "ZOOGRAPH_DATABASE_URL"),
        ("sqlite:////nowhere/at/all.db", "'sqlite:////nowhere/at/all.db' cannot be used: unable to open"),
    ],
)
def test_a_bad_url_is_explained(monkeypatch: pytest.MonkeyPatch, url: str, message: str) -> None:
    monkeypatch.setenv("ZOOGRAPH_DATABASE_URL", url)
    with pytest.raises(StoreError, match=message) as caught:
        RecordStore.open()
    assert "secret" not in str(caught.value)


def test_a_url_chooses_the_database(toy_zoo: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.db'}")
    RecordStore.open().close()
    assert _counts(tmp_path / "mine.db") == toy_zoo.counts()


@pytest.mark.parametrize("url", [None, ""])
@pytest.mark.parametrize("name", ["a?b#c%20d e", "größe"])
def test_any_name_of_a_home_works(
    toy_zoo: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str | None
) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / name))
    if url is not None:
        monkeypatch.setenv("ZOOGRAPH_DATABASE_URL", url)
    RecordStore.open().close()
    assert _counts(tmp_path / name / "zoograph.db") == toy_zoo.counts()


def test_postgresql_plans_each_statement_for_the_tables_as_they_are(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    with begin(engine) as connection:
        for number in range(20):
            assert connection.execute(sa.select(sa.literal(number))).scalar_one() == number
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one() == 0
    engine.dispose()
