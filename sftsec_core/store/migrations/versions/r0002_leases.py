"""Runs are held by a lease: its holder and its end take the place of host and process id.

A run that an older version left running has no lease: it ends with its last heartbeat, so the
next run resumes it or takes its place. Claims in the outbox were tied to process ids too; they
are given back, since the processes of the older version cannot work on the new tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rename the owner, drop host and process id, add the lease's end, void old claims."""
    op.execute("ALTER TABLE runs RENAME COLUMN owner TO holder")
    op.drop_column("runs", "host")
    op.drop_column("runs", "pid")
    # A constant for the rows that are there; the real one is set at once.
    epoch = sa.text("'1970-01-01 00:00:00.000000'")
    moment = sa.DateTime(timezone=True)
    op.add_column("runs", sa.Column("lease_until", moment, nullable=False, server_default=epoch))
    op.execute("UPDATE runs SET lease_until = heartbeat_at")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE runs ALTER COLUMN lease_until DROP DEFAULT")
    op.execute("UPDATE outbox SET claimed_by = NULL, claimed_until = NULL")
