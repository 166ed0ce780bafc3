"""How often the last run met a bad record: what a run says of its rejections adds up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the count; of runs before it is not known, and each has met its record at least once."""
    op.add_column(
        "quarantine", sa.Column("seen_by_run", sa.Integer, nullable=False, server_default="1")
    )
