"""The newest verdicts of a connector are looked up, and counted from a time on, by an index."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the index; a million verdicts take seconds."""
    columns = ["connector", "pulled_at", "key"]
    op.create_index("ix_verdicts_connector_pulled_at_key", "verdicts", columns)
