"""What a judged incident held: a verdict no longer stands for all that comes under its name.

Of the verdicts that are there nobody knows what they judged: the table begins empty, and they go
on standing for an incident by its uid until a build sees it again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "judged_inputs",
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("incident_uid", sa.Text, nullable=False),
        sa.Column("reading", sa.String(32), nullable=False),
        sa.Column("inputs_digest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint(
            "connector", "incident_uid", "reading", "inputs_digest", name="pk_judged_inputs"
        ),
        sqlite_with_rowid=False,
    )
