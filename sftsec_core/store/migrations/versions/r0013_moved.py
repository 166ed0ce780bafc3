"""A store can be marked as moved to another place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; empty, it says that the store is where it was."""
    op.create_table(
        "moved",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_moved"),
    )
