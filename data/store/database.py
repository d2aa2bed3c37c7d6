"""Databases: how SQLite and PostgreSQL are opened, locked, and explained when they refuse."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from zoograph.data.errors import StoreError
from zoograph.data.home import DATABASE_VARIABLE
from zoograph.data.store import schema

_CAUSES = {
    "is full": "Free some space, and run it again.",
    "disk I/O error": "The disk may be full or failing: free some space, and look at what the system says of it.",
    "locked": "Another program holds it: wait until that has ended, and run it again.",
    "readonly": "Make the file and its folder writable.",
    "unable to open": "See that its folder is there and writable, and that the disk is not full.",
    "malformed": "'zoograph status --check --repair' may mend it. If it does not, move that file aside, and bring the "
    "records again.",
}
"""What to do, by what SQLite says is the cause."""

_BUSY_TIMEOUT_MS = 300_000  # as long as the largest batch may take to go in
_POSTGRES = "postgresql+psycopg"
# A prepared statement keeps the plan of its first days: in a table that had a few rows, every row is looked at.
_CONNECT = {_POSTGRES: {"prepare_threshold": None}}
_WRITERS_LOCK = 0x7A6F6F  # any number that all writers agree on


def locate(path: Path, *, read_only: bool = False) -> sa.URL:
    """Return the URL of a SQLite file, to be opened as it stands there if nothing can be written beside it."""
    if not read_only:
        return sa.URL.create("sqlite", database=str(path))
    # Without a log of what is not in the file yet, nobody is writing: it is read without locks, which would be files.
    log = path.with_name(f"{path.name}-wal")
    still = {} if log.exists() and log.stat().st_size else {"immutable": "1"}
    return sa.URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true", **still})


def make_engine(url: str | sa.URL) -> Engine:
    """Return an engine for a database URL; nothing is opened yet.

    Raises:
        StoreError: if it is no URL, or its driver is not installed.
    """
    try:
        given = sa.make_url(url)
        # Without a driver's name, version 3 of psycopg is meant, whatever SQLAlchemy would choose.
        postgres = given.drivername in ("postgresql", "postgres")
        url = given.set(drivername=_POSTGRES) if postgres else given
        _require_known(url)
        engine = sa.create_engine(url, connect_args=_CONNECT.get(url.drivername, {}))
    except ImportError as error:
        install = "zoograph[postgres]" if error.name == "psycopg" else error.name
        raise StoreError(
            f"The database of {DATABASE_VARIABLE} needs a driver: {error}. Install it with \"pip install '{install}'\"."
        ) from error
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise StoreError(
            f"{DATABASE_VARIABLE} is no usable database URL: {_reason(error)}. "
            "Give one such as 'sqlite:////path/to/zoograph.db', or unset it."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _look_at_sqlite)
        if engine.url.query.get("mode") != "ro":
            event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgres)
    return engine


def _require_known(url: sa.URL) -> None:
    name = url.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise StoreError(
            f"{DATABASE_VARIABLE} names a database of the kind '{name}', and records are kept in SQLite or PostgreSQL: "
            "give a URL such as 'postgresql://user@host/zoograph' or 'sqlite:////path/to/zoograph.db', or unset it."
        )
    if url.get_dialect().is_async:
        raise StoreError(
            f"{DATABASE_VARIABLE} needs an ordinary driver (got '{url.get_driver_name()}', which is asynchronous). "
            f"Give the URL with '{name}://' in front."
        )
    path = Path(url.database or "")
    if name == "sqlite" and path.name and path.exists() and not path.is_file():
        raise StoreError(
            f"The store '{path}' cannot be used: what is there is no file. Move it aside, or point "
            f"{DATABASE_VARIABLE} elsewhere."
        )


@contextmanager
def begin(engine: Engine, *, write: bool = False) -> Iterator[Connection]:
    """Yield a connection in a transaction: writers come one after the other, readers see one moment."""
    with engine.connect().execution_options(zoograph_write=write) as connection, connection.begin():
        yield connection


@contextmanager
def explained(what: str, remedy: str = "") -> Iterator[None]:
    """Raise what the database refuses, and values that nobody wrote, as a :class:`StoreError`.

    Args:
        what: did not work.
        remedy: where the cause is none that has a remedy of its own.
    """
    try:
        yield
    except (SQLAlchemyError, ValueError) as error:
        reason = _reason(error)
        advice = next((advice for cause, advice in _CAUSES.items() if cause in reason), remedy)
        raise StoreError(f"{what}: {reason}. {advice}".rstrip()) from error


def _look_at_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that tables are made inside the transaction
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    # Before anything is changed: our tables were made in one transaction, so they are all there or none.
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not tables >= schema.FIRST_TABLES:
        raise sqlite3.DatabaseError("it is the database of another program")


def _configure_sqlite(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgres(connection: Connection) -> None:
    if _writes(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("zoograph_write", False))


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
