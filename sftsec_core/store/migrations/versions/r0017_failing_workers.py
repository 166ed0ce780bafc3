"""A worker's row says what is wrong with its scheduler."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.columns import ForeignText

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; null says that nothing is wrong."""
    op.add_column("workers", sa.Column("problem", ForeignText))
