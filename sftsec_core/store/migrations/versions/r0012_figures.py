"""Figures over time, windows of scored events that drift is read from, what was told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import COUNTER, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "figures",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("low", sa.Float(53)),
        sa.Column("high", sa.Float(53)),
        sa.Column("count", COUNTER),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_figures"),
    )
    op.create_index("ix_figures_task_name_at", "figures", ["task", "name", "at"])
    op.create_table(
        "drift_windows",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("checked", sa.Boolean, nullable=False),
        sa.Column("events", COUNTER, nullable=False),
        sa.Column("sketch", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drift_windows"),
    )
    op.create_index("ix_drift_windows_task_model_id", "drift_windows", ["task", "model", "id"])
    op.create_table(
        "notices",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notices"),
    )
    op.create_index("ix_notices_at", "notices", ["at"])
