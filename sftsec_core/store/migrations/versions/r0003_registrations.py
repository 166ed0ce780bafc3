"""A model is registered once for each run that made it, each with its own card.

The card of a model that an older version registered is one of the model's own files, under its
digest: its registration names no card.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, with one registration for each model that is there."""
    op.create_table(
        "registrations",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("card", sa.String(64)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", "run_id", name="pk_registrations"),
        sa.ForeignKeyConstraint(
            ["digest"], ["models.digest"], name="fk_registrations_digest_models"
        ),
    )
    op.execute(
        "INSERT INTO registrations (digest, run_id, card, at) "
        "SELECT digest, run_id, NULL, created_at FROM models"
    )
