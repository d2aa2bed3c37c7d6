"""Version 2: batches with their time and origin, the time of every row, and which batch brought a card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables and columns, and list the batches that are there; when they came is not known."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
    )
    for name in ("models", "datasets"):
        op.add_column(name, sa.Column("batch", sa.String()))
    for name in ("runs", "scores", "relations"):
        op.add_column(name, sa.Column("stored_at", sa.DateTime(timezone=True)))
    if op.get_context().dialect.name != "sqlite":  # whose integers are wide anyway
        for name in ("train_size", "test_size", "seed"):
            op.alter_column("runs", name, type_=sa.BigInteger())
    op.execute(
        "INSERT INTO batches (id, origin, records) "
        "SELECT batch, 'before version 2', count(*) FROM "
        "(SELECT batch FROM runs UNION ALL SELECT batch FROM scores UNION ALL SELECT batch FROM relations) AS old "
        "GROUP BY batch"
    )
