"""Version 5: records are found by their batch and runs by their model, and what something else changes is noticed."""

from __future__ import annotations

from alembic import op

from zoograph.data.store.soundness.triggers import make_triggers

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the indexes and the triggers."""
    for table in ("runs", "scores", "relations", "influences"):
        op.create_index(f"{table}_by_batch", table, ["batch"])
    op.create_index("runs_by_model", "runs", ["model"])
    make_triggers(op.get_bind())
