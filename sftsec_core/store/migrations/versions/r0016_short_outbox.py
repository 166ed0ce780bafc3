"""What the outbox is asked for gets columns and indexes; a delivered row needs no JSON for it.

The JSON of the rows that are there stays as it is, and is read so: packing it takes longer than
other processes wait for a lock. `sftsec store migrate` packs it afterwards, a batch at a time.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

_INDEXES = (
    ("outbox", ["status", "connector", "id"]),
    ("outbox", ["run_id"]),
    ("outbox", ["task", "created_at"]),
    ("quarantine", ["run_id"]),
    ("audit", ["action", "seq"]),
)


def upgrade() -> None:
    """Add the columns, fill them where the JSON can be read, and change the indexes."""
    outbox = sa.table(
        "outbox",
        sa.column("model", sa.String),
        sa.column("incident_uid", sa.Text),
        sa.column("label", sa.Text),
        sa.column("detection", sa.JSON),
    )
    op.add_column("outbox", sa.Column("model", sa.String(64)))
    op.add_column("outbox", sa.Column("incident_uid", sa.Text))
    op.add_column("outbox", sa.Column("label", sa.Text))
    # An encrypted object has none of these: its columns stay empty.
    said = outbox.c.detection
    op.execute(
        sa.update(outbox).values(
            model=said["model_digest"].as_string(),
            incident_uid=said["incident_uid"].as_string(),
            label=said["label"].as_string(),
        )
    )
    op.drop_index("ix_outbox_connector_status_id", "outbox")
    for table, columns in _INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
