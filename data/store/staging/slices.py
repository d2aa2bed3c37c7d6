"""Slices: a large batch comes into SQLite piece by piece, so that other writers wait for a second or two at most.

While it comes in nobody reads it, and then all of it at once. What a process that was killed left is taken out by the
next large batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from time import monotonic, sleep

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from zoograph.data.store.rows import RECORDS, forget_meta, get_meta, insert_new, set_meta
from zoograph.data.store.selection import ARRIVING

LARGE = 20_000
"""Records from which on a batch comes in slices; fewer take less than one."""

_SECONDS = 1.0  # a slice ends with the first thousand records after so long
_ROWS = 1_000
_PAUSE_S = 0.12  # SQLite looks every 0.1 s whether a lock is free: whoever waits has a turn
_PATIENCE_S = 3_600.0  # as long as another large batch may take


@contextmanager
def arriving(connection: Connection) -> Iterator[None]:
    """Yield while no other large batch comes in, and without SQLite's own look at cards, which come last.

    What is left of the batch if the block raises is taken out, now or by the next one.

    Args:
        connection: to SQLite, outside a transaction; one that it begins may write.

    Raises:
        ValueError: if another large batch takes more than an hour.
    """
    with _alone(connection):
        _remove_hidden(connection)
        _look_at_cards(connection, "OFF")
        try:
            yield
        except Exception:
            with suppress(SQLAlchemyError):
                _remove_hidden(connection)
            raise
        finally:
            _look_at_cards(connection, "ON")


def bring(connection: Connection, table: sa.Table, rows: sa.Select[tuple[object, ...]], batch: str) -> None:
    """Bring records into a table, slice by slice, for as long as :func:`arriving` yields.

    Args:
        connection: outside a transaction.
        table: of records.
        rows: a query for them, with their batch.
        batch: id.
    """
    (source,) = rows.get_final_froms()
    number = sa.literal_column(f"{source.name}.rowid", sa.Integer)  # type: ignore[attr-defined]
    with connection.begin():
        last = int(connection.execute(sa.select(sa.func.max(number)).select_from(source)).scalar_one())
        set_meta(connection, **{ARRIVING: batch})
    part = rows.where(number.between(sa.bindparam("first", type_=sa.Integer), sa.bindparam("last", type_=sa.Integer)))
    move, done = insert_new(connection, table, part), 0
    while done < last:
        with connection.begin():
            until = monotonic() + _SECONDS
            while True:
                connection.execute(move, {"first": done + 1, "last": done + _ROWS})
                done += _ROWS
                if done >= last or monotonic() >= until:
                    break
        sleep(_PAUSE_S)


def unhide(connection: Connection, table: sa.Table, batch: str) -> int:
    """Let everybody read a batch of which all is there; return how many records it has."""
    forget_meta(connection, ARRIVING)
    count = sa.select(sa.func.count()).select_from(table).where(table.c.batch == batch)
    return int(connection.execute(count).scalar_one())


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold a lock that ends with the process: whatever is hidden was left by one that was killed."""
    path = str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
    connection.rollback()  # the pragma began a transaction
    lock: AbstractContextManager[object] = (
        FileLock(f"{path}-arriving.lock", timeout=_PATIENCE_S) if path else nullcontext()
    )
    try:
        with lock:
            yield
    except Timeout as error:
        raise ValueError("another large batch is coming in and does not end. Wait until it has") from error


def _remove_hidden(connection: Connection) -> None:
    """Take out, slice by slice, what came of a batch that never was whole."""
    while True:
        with connection.begin():
            left = get_meta(connection).get(ARRIVING)
            until = monotonic() + _SECONDS
            while left is not None:
                if not sum(_remove_some(connection, table, left) for table in RECORDS):
                    forget_meta(connection, ARRIVING)
                    return
                if monotonic() >= until:
                    break
        if left is None:
            return
        sleep(_PAUSE_S)


def _remove_some(connection: Connection, table: sa.Table, batch: str) -> int:
    number = sa.literal_column("rowid", sa.Integer)
    some = sa.select(number).select_from(table).where(table.c.batch == batch).limit(_ROWS)
    return connection.execute(sa.delete(table).where(number.in_(some))).rowcount


def _look_at_cards(connection: Connection, when: str) -> None:
    """Let SQLite require, or not, that the cards that records name are there."""
    connection.rollback()  # within a transaction the pragma does nothing
    database = connection.connection.dbapi_connection
    assert database is not None
    database.cursor().execute(f"PRAGMA foreign_keys={when}")
