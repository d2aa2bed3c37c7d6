"""Triggers: the database itself tells when a record is changed or removed by something else than zoograph."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from zoograph.data.store.rows import RECORDS, REMOVALS, REVISION
from zoograph.data.store.selection import HIDDEN

_TOKENS = (REMOVALS, REVISION)
_KEYS = ", ".join(f"'{key}'" for key in HIDDEN)
_SQLITE = """
CREATE TRIGGER {table}_{verb} AFTER {verb} ON {table}
WHEN OLD.batch NOT IN (SELECT value FROM meta WHERE key IN ({keys}))
BEGIN {tell} END
"""
_TELL = "INSERT OR REPLACE INTO meta (key, value) VALUES ('{key}', lower(hex(randomblob(16))));"
_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION zoograph_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM old_rows WHERE batch NOT IN (SELECT value FROM meta WHERE key IN ({keys}))) THEN
        INSERT INTO meta (key, value) SELECT key, gen_random_uuid()::text FROM unnest(ARRAY[{tokens}]) AS key
        ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    END IF;
    RETURN NULL;
END $$
"""
_POSTGRES = """
CREATE TRIGGER {table}_{verb} AFTER {verb} ON {table} REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION zoograph_tell()
"""


def make_triggers(connection: Connection) -> None:
    """Let a change or a removal of a record renew the tokens by which whoever kept records notices.

    Batches that are being put in or taken out are spared: nobody has kept anything of the one, and the other is
    missed by its name.
    """
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        tokens = ", ".join(f"'{key}'" for key in _TOKENS)
        connection.exec_driver_sql(_POSTGRES_FUNCTION.format(keys=_KEYS, tokens=tokens))
    tell = " ".join(_TELL.format(key=key) for key in _TOKENS)
    for table in RECORDS:
        for verb in ("UPDATE", "DELETE"):
            text = _SQLITE if sqlite else _POSTGRES
            connection.exec_driver_sql(text.format(table=table.name, verb=verb, keys=_KEYS, tell=tell))
