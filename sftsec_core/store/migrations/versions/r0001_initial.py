"""The first tables.

Written out, not made from `tables.py`: what this migration does must not change when they do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table and the empty head of the audit log."""
    _create_labels()
    _create_runs()
    _create_models()
    _create_outbox()
    _create_quarantine()
    _create_audit()


def _create_labels() -> None:
    op.create_table(
        "verdicts",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("incident_uid", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("analyst", sa.Text),
        sa.Column("at", _MOMENT),
        sa.Column("reason", sa.Text),
        sa.Column("automated", sa.Boolean, nullable=False),
        sa.Column("pulled_at", _MOMENT, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_connector_incident_uid", "verdicts", ["connector", "incident_uid"])
    op.create_table(
        "snapshots",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("rows", _COUNTER, nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.PrimaryKeyConstraint("task", "digest", name="pk_snapshots"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("heartbeat_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("error", sa.Text),
        sa.Column("report", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_kind_task_started_at", "runs", ["kind", "task", "started_at"])
    running = sa.text("status = 'running'")
    op.create_index(
        "one_running",
        "runs",
        ["kind", "task"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_models"),
    )
    op.create_index("ix_models_task_created_at", "models", ["task", "created_at"])
    op.create_table(
        "aliases",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("task", "alias", name="pk_aliases"),
        sa.ForeignKeyConstraint(["digest"], ["models.digest"], name="fk_aliases_digest_models"),
    )
    op.create_table(
        "alias_history",
        sa.Column("id", _COUNTER, nullable=False, autoincrement=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alias_history"),
        sa.ForeignKeyConstraint(
            ["digest"], ["models.digest"], name="fk_alias_history_digest_models"
        ),
    )
    op.create_index("ix_alias_history_task_alias", "alias_history", ["task", "alias"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _COUNTER, nullable=False, autoincrement=True),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("detection", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_until", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT),
        sa.Column("run_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("connector", "uid", name="uq_outbox_connector_uid"),
    )
    op.create_index("ix_outbox_connector_status_id", "outbox", ["connector", "status", "id"])
    op.create_table(
        "cursors",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("moved_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("task", "connector", name="pk_cursors"),
    )


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("where", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("first_at", _MOMENT, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_connector_last_at", "quarantine", ["connector", "last_at"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", _COUNTER, nullable=False, autoincrement=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", _COUNTER, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])
