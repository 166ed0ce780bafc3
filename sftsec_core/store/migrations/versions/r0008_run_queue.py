"""Runs can wait in a queue, and a run that is taken over goes on under a new fence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; what ran before came from nobody's queue."""
    for column in (
        sa.Column("parameters", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("actor", sa.Text),
        sa.Column("roles", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("queued_at", UtcDateTime),
        sa.Column("not_before", UtcDateTime),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
        sa.Column("retries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("fence", sa.Integer, nullable=False, server_default="1"),
        sa.Column("schedule", sa.Text),
        sa.Column("due_at", UtcDateTime),
        sa.Column("worker", sa.Text),
        sa.Column("stop", sa.String(16)),
        sa.Column("timeout_s", sa.Float),
        sa.Column("needs", sa.JSON),
        sa.Column("overlap", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("runs", column)
    op.create_index("one_due", "runs", ["schedule", "due_at"], unique=True)
    op.create_table(
        "workers",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("heartbeat_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=False),
        sa.Column("stopped_at", UtcDateTime),
        sa.Column("drain", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
