"""Version 1: cards, names and records, as zoograph 0.1 made them without Alembic."""

from __future__ import annotations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: a store that knows its version has these tables."""
