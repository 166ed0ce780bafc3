"""What raised no alert is drawn at random, to estimate the live recall."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table, empty: draws begin with the next page that is scored."""
    op.create_table(
        "recall_draws",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("incident_uid", sa.Text, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.Column("drawn_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "task", "connector", "incident_uid", "model", name="pk_recall_draws"
        ),
    )
    op.create_index("ix_recall_draws_drawn_at", "recall_draws", ["drawn_at"])
