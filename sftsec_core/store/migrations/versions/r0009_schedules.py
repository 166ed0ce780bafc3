"""Schedules, how far each has come, and its occurrences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TIME = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("settings", sa.JSON),
        sa.Column("trigger", sa.JSON, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("anchor", _TIME, nullable=False),
        sa.Column("fired", _TIME),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
    )
    op.create_table(
        "occurrences",
        sa.Column("schedule", sa.String(64), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("run_id", sa.Text),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("schedule", "due_at", name="pk_occurrences"),
    )
    op.create_index("ix_occurrences_status", "occurrences", ["status"])
