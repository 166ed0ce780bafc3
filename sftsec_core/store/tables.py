"""The tables of the store, as they are after all migrations.

A change here needs a migration in `migrations/versions`; a test compares the two. Folders are
kept relative to the state folder, so that it can be moved. `run_id` is a soft reference
throughout: a run may be pruned while the verdicts that it pulled stay.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from sftsec_core.store.columns import COUNTER, ForeignText, UtcDateTime
from sftsec_core.store.sealed_columns import SealedJson, SealedText

# Named constraints: a later migration can drop them on any database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("connector", Text, nullable=False),
    # Plain Text in this table: `verdicts.py` cleans each text once, on the way to its key.
    Column("incident_uid", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("analyst", SealedText("verdicts.analyst")),
    Column("at", UtcDateTime),
    Column("reason", SealedText("verdicts.reason")),
    Column("automated", Boolean, nullable=False),
    Column("pulled_at", UtcDateTime, nullable=False),
    Column("run_id", Text),
    Index(None, "connector", "incident_uid"),
)

verdict_chain = Table(
    "verdict_chain",
    metadata,
    # Given by us, as in the audit log: a missing row shows.
    Column("seq", COUNTER, primary_key=True, autoincrement=False),
    Column("key", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
)

verdict_head = Table(
    "verdict_head",
    metadata,
    # One row, which a process that adds verdicts locks.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", COUNTER, nullable=False),
    Column("hash", String(64), nullable=False),
)

judged_inputs = Table(
    "judged_inputs",
    metadata,
    Column("connector", Text, nullable=False),
    Column("incident_uid", Text, nullable=False),
    # Names how a task reads incidents: digests of two readings do not compare.
    Column("reading", String(32), nullable=False),
    Column("inputs_digest", String(32), nullable=False),
    PrimaryKeyConstraint("connector", "incident_uid", "reading", "inputs_digest"),
    # One row a judged incident: SQLite keeps it once, in the index.
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("task", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("folder", Text, nullable=False),
    Column("rows", COUNTER, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("run_id", Text),
    # Content-addressed: two tasks that read the same fields share a snapshot.
    PrimaryKeyConstraint("task", "digest"),
)

_RUNNING = text("status = 'running'")

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("folder", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("error", SealedText("runs.error")),
    Column("report", Text),
    # How it came into the queue; `queued_at` is null where a person ran the command.
    Column("parameters", JSON, nullable=False, server_default="{}"),
    Column("actor", Text),
    Column("roles", JSON, nullable=False, server_default="[]"),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("queued_at", UtcDateTime),
    Column("not_before", UtcDateTime),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("retries", Integer, nullable=False, server_default="0"),
    # Goes up by one whenever somebody takes the run: what an earlier holder writes is refused.
    Column("fence", Integer, nullable=False, server_default="1"),
    Column("schedule", Text),
    Column("due_at", UtcDateTime),
    Column("worker", Text),
    Column("stop", String(16)),
    Column("timeout_s", Float),
    Column("needs", JSON(none_as_null=True)),
    Column("overlap", Boolean, nullable=False, server_default=false()),
    # An occurrence of a schedule is queued once; rows without one do not compare.
    Index("one_due", "schedule", "due_at", unique=True),
    Index(None, "kind", "task", "started_at"),
    # One run of a kind at a time for a task: a second cron job must not share its work folder.
    Index(
        "one_running",
        "kind",
        "task",
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    ),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("stopped_at", UtcDateTime),
    Column("drain", Boolean, nullable=False, server_default=false()),
)

_OPEN = text("ended_at IS NULL")

gpu_leases = Table(
    "gpu_leases",
    metadata,
    # One row a device: a lease of several has as many.
    Column("id", String(12), nullable=False),
    Column("device", String(128), nullable=False),
    Column("device_index", String(16), nullable=False),
    Column("host", Text, nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("task", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("end", String(16)),
    Column("reason", ForeignText, nullable=False),
    PrimaryKeyConstraint("id", "device"),
    Index(None, "ended_at"),
    # By its UUID alone: containers of one machine have host names of their own.
    Index("one_gpu_lease", "device", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)

models = Table(
    "models",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("task", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "task", "created_at"),
)

registrations = Table(
    "registrations",
    metadata,
    Column("digest", String(64), ForeignKey("models.digest"), nullable=False),
    Column("run_id", Text, nullable=False),
    # None: the card is one of the model's own files, as older versions registered it.
    Column("card", String(64)),
    Column("at", UtcDateTime, nullable=False),
    # None: an older version registered it.
    Column("requested_by", Text),
    PrimaryKeyConstraint("digest", "run_id"),
)

aliases = Table(
    "aliases",
    metadata,
    Column("task", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("digest", String(64), ForeignKey("models.digest"), nullable=False),
    PrimaryKeyConstraint("task", "alias"),
)

alias_history = Table(
    "alias_history",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("task", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("digest", String(64), ForeignKey("models.digest"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", ForeignText, nullable=False),
    Column("reason", ForeignText, nullable=False),
    Index(None, "task", "alias"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("connector", Text, nullable=False),
    Column("uid", String(64), nullable=False),
    Column("task", Text, nullable=False),
    Column("detection", SealedJson("outbox.detection"), nullable=False),
    Column("status", String(16), nullable=False),
    # What the platform says of a detection may repeat it; its two plain outcomes are compared.
    Column("outcome", SealedText("outbox.outcome", plain=("written", "duplicate"))),
    Column("attempts", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("run_id", Text),
    UniqueConstraint("connector", "uid"),
    Index(None, "connector", "status", "id"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("task", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("cursor", ForeignText, nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("task", "connector"),
)

label_requests = Table(
    "label_requests",
    metadata,
    Column("task", Text, nullable=False),
    Column("connector", Text, nullable=False),
    # Cleaned once on the way in, as in the table of verdicts.
    Column("incident_uid", Text, nullable=False),
    Column("model", String(64), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("task", "connector", "incident_uid"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("connector", Text, nullable=False),
    Column("where", SealedText("quarantine.where"), nullable=False),
    Column("reason", SealedText("quarantine.reason"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("run_id", Text),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("seen_by_run", Integer, nullable=False, server_default="1"),
    Index(None, "connector", "last_at"),
)

figures = Table(
    "figures",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("task", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float(53), nullable=False),
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("count", COUNTER),
    Column("at", UtcDateTime, nullable=False),
    Column("details", JSON, nullable=False),
    Index(None, "task", "name", "at"),
)

drift_windows = Table(
    "drift_windows",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("task", Text, nullable=False),
    Column("model", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    # None: more events go into it.
    Column("closed_at", UtcDateTime),
    Column("checked", Boolean, nullable=False),
    Column("events", COUNTER, nullable=False),
    Column("sketch", JSON, nullable=False),
    Index(None, "task", "model", "id"),
)

notices = Table(
    "notices",
    metadata,
    # Of what is told and where, as a digest.
    Column("key", String(64), primary_key=True),
    Column("number", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)

audit = Table(
    "audit",
    metadata,
    # Given by us, not by the database: the chain has no gaps, so a missing row shows.
    Column("seq", COUNTER, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", ForeignText, nullable=False),
    Column("details", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    # One row. An appending process locks it, and a log that lost its tail no longer ends in it.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", COUNTER, nullable=False),
    Column("hash", String(64), nullable=False),
)

moved = Table(
    "moved",
    metadata,
    # One row: this store was moved away ("moved"), or a move to it is not finished ("arriving").
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("place", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(64), primary_key=True),
    # None: sftsec.yaml says what it is, and the row holds only how far it has come.
    Column("settings", JSON(none_as_null=True)),
    # All that says when it is due; a row whose trigger has changed starts again.
    Column("trigger", JSON, nullable=False),
    Column("actor", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("anchor", UtcDateTime, nullable=False),
    Column("fired", UtcDateTime),
    Column("paused", Boolean, nullable=False),
    # Counts up at each change: of several schedulers one moves a schedule on.
    Column("version", COUNTER, nullable=False),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("schedule", String(64), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    # Of several that were skipped together, the newest and how many they are.
    Column("last_at", UtcDateTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", ForeignText, nullable=False),
    Column("not_before", UtcDateTime),
    Column("run_id", Text),
    Column("recorded_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("schedule", "due_at"),
    Index(None, "status"),
)

tokens = Table(
    "tokens",
    metadata,
    # A part of the token, and no secret: it finds the row.
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Index(None, "name"),
)

refusals = Table(
    "refusals",
    metadata,
    # One row an actor: the last minute in which it was refused, and how often.
    Column("actor", Text, primary_key=True),
    Column("minute", UtcDateTime, nullable=False),
    Column("refused", Integer, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("task", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    # Of the model's last registration: what another run measured was not approved.
    Column("run_id", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("person", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("task", "digest", "run_id", "kind", "person"),
)
