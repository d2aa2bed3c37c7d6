"""Version 4: runs say how many images a class, at which size, over how many repeats, and whether they failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; of what was stored before, nothing is known of them."""
    for name in ("shots", "input_size", "repeats"):
        op.add_column("runs", sa.Column(name, sa.Integer()))
    op.add_column("runs", sa.Column("failure", sa.String()))
