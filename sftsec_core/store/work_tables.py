"""Tables of what works: runs, workers, schedules, GPUs, who may do what, and what is watched."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
    text,
)

from sftsec_core.store.columns import COUNTER, ForeignText, UtcDateTime
from sftsec_core.store.metadata import metadata
from sftsec_core.store.sealed_columns import SealedText

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
    # What its scheduler fails on; null where it works.
    Column("problem", ForeignText),
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
    Index("one_gpu_lease", "device", unique=True, sqlite_where=_OPEN),
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

recall_draws = Table(
    "recall_draws",
    metadata,
    Column("task", Text, nullable=False),
    Column("connector", Text, nullable=False),
    # Cleaned once on the way in, as in the table of verdicts.
    Column("incident_uid", Text, nullable=False),
    Column("model", String(64), nullable=False),
    # Of the draw, not the model's: above 0, at most 1.
    Column("probability", Float(53), nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("task", "connector", "incident_uid", "model"),
    Index(None, "drawn_at"),
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
