"""Scoring keeps what it knows of the events before an event, key by key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables; a task whose model reads such figures fills them when it scores."""
    op.create_table(
        "context_states",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("settings", sa.String(64), nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("keys", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_context_states"),
    )
    op.create_table(
        "context_keys",
        sa.Column("key", sa.String(48), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_context_keys"),
    )
    op.create_index("ix_context_keys_task_last", "context_keys", ["task", "last"])
