"""Preparation of a database: tables are made or migrated, and the shipped zoo is loaded."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from zoograph.data.home import DATABASE_VARIABLE
from zoograph.data.store import schema
from zoograph.data.store.batches import SHIPPED_BATCH, put_all, remove_batch, remove_idle_cards
from zoograph.data.store.database import begin, explained
from zoograph.data.store.migrations import get_revision, upgrade
from zoograph.data.store.rows import get_meta, set_meta
from zoograph.data.store.soundness.triggers import make_triggers


def prepare(engine: Engine) -> None:
    """Make or migrate the tables, and load the zoo that ships if it is new.

    Raises:
        StoreError: if it is no database, not ours, or cannot be written.
    """
    from zoograph.data.collections.tables import shipped_zoo, table_files

    folder = shipped_zoo()
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in table_files(folder))).hexdigest()
    ready = {"schema_version": str(schema.SCHEMA_VERSION), "shipped_zoo": digest}
    with explained(*unusable(engine)), begin(engine) as connection:
        if get_meta(connection).items() >= ready.items():
            return
    with explained(*unusable(engine)), begin(engine, write=True) as connection:
        known = get_meta(connection)
        if known.items() >= ready.items():  # another process was faster
            return
        if not known:
            make_tables(connection)
        elif known["schema_version"] != ready["schema_version"]:
            upgrade(connection, int(known["schema_version"]))
        if known.get("shipped_zoo") != digest:
            from zoograph.data.collections.tables import read_tables

            zoo = read_tables(folder)
            remove_batch(connection, SHIPPED_BATCH)
            records = (zoo.runs, zoo.scores, zoo.relations, zoo.influences)
            put_all(connection, zoo.models, zoo.datasets, records, SHIPPED_BATCH, "the zoo that ships")
            # A name that an older zoo had for other weights must not stand in the way of today's rule for names.
            kept = ({card.id for card in zoo.models}, {card.id for card in zoo.datasets})
            remove_idle_cards(connection, SHIPPED_BATCH, *kept)
        set_meta(connection, **ready)


def make_tables(connection: Connection) -> None:
    """Make the tables of the current version in an empty database, with their triggers."""
    schema.metadata.create_all(connection)
    revision = {"version_num": get_revision(schema.SCHEMA_VERSION)}
    connection.execute(sa.insert(schema.alembic_version), revision)
    make_triggers(connection)


def unusable(engine: Engine) -> tuple[str, str]:
    """Return what to say, and what to advise, when a database is not what it should be."""
    remedy = (
        f"Move that file aside to start from the shipped zoo, or point {DATABASE_VARIABLE} elsewhere."
        if engine.url.get_backend_name() == "sqlite"
        else f"Check the server, or point {DATABASE_VARIABLE} elsewhere."
    )
    return f"The store '{engine.url.render_as_string()}' cannot be used", remedy
