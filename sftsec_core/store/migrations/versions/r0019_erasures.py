"""Incidents are forgotten: what was erased, what must not come back, which models it concerns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the tables, empty."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("found_by", sa.String(16), nullable=False),
        sa.Column("incidents", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_table(
        "tombstones",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("erasure", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_tombstones"),
        sa.ForeignKeyConstraint(
            ["erasure"], ["erasures.id"], name="fk_tombstones_erasure_erasures"
        ),
    )
    op.create_index("ix_tombstones_erasure", "tombstones", ["erasure"])
    op.create_table(
        "outdated_models",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("erasure", sa.String(12), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_outdated_models"),
        sa.ForeignKeyConstraint(
            ["erasure"], ["erasures.id"], name="fk_outdated_models_erasure_erasures"
        ),
    )
