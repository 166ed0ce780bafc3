"""Tokens, refusals that were counted, approvals of models, and who asked for a model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables; who asked for the models that are there is not known."""
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("used_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
    op.create_index("ix_tokens_name", "tokens", ["name"])
    op.create_table(
        "refusals",
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("minute", UtcDateTime, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("actor", name="pk_refusals"),
    )
    op.create_table(
        "approvals",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("move", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "task", "digest", "run_id", "kind", "move", "person", name="pk_approvals"
        ),
    )
    op.add_column("registrations", sa.Column("requested_by", sa.Text))
