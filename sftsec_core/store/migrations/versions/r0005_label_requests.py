"""Requests for verdicts are kept, so that it can be said how many wait for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table, empty: what was requested before is not known."""
    op.create_table(
        "label_requests",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("incident_uid", sa.Text, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task", "connector", "incident_uid", name="pk_label_requests"),
    )
