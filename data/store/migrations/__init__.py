"""Migrations of the store's tables, by Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Connection


def upgrade(connection: Connection, version: int) -> None:
    """Bring the tables from a schema version to today's, in the transaction that ``connection`` is in.

    Args:
        connection: in a transaction that may write.
        version: what the store says of itself.
    """
    # Imported here: a store of the current version is opened without Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.stamp(config, get_revision(version))
    command.upgrade(config, "head")


def get_revision(version: int) -> str:
    """Return Alembic's name of a schema version.

    >>> get_revision(2)
    '0002'
    """
    return f"{version:04d}"
