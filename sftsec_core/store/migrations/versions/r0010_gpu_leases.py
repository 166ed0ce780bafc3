"""Runs lease the GPUs that they train on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create the table, empty: which device a run trained on was not kept."""
    op.create_table(
        "gpu_leases",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("device", sa.String(128), nullable=False),
        sa.Column("device_index", sa.String(16), nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("end", sa.String(16)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", "device", name="pk_gpu_leases"),
    )
    op.create_index("ix_gpu_leases_ended_at", "gpu_leases", ["ended_at"])
    op.create_index(
        "one_gpu_lease",
        "gpu_leases",
        ["device"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
