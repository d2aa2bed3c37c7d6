"""Version 3: influences of source classes on target datasets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "influences",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("corpus", sa.String(), sa.ForeignKey("datasets.id"), nullable=False),
        sa.Column("dataset", sa.String(), sa.ForeignKey("datasets.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("standard_error", sa.Float()),
        sa.Column("num_models", sa.Integer()),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True)),
    )
