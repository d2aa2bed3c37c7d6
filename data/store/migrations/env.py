"""Alembic's environment: it works on the connection that it is given, in the transaction that is open there."""

from __future__ import annotations

from alembic import context

from zoograph.data.store import schema

context.configure(connection=context.config.attributes["connection"], target_metadata=schema.metadata)
context.run_migrations()
