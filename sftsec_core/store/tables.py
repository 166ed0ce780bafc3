"""The tables of the store, as they are after all migrations.

A change here needs a migration in `migrations/versions`; a test compares the two. Folders are
kept relative to the state folder, so that it can be moved. `run_id` is a soft reference
throughout: a run may be pruned while the verdicts that it pulled stay.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sftsec_core.store.columns import COUNTER, ForeignText, UtcDateTime
from sftsec_core.store.erasure_tables import erasures, outdated_models, tombstones
from sftsec_core.store.metadata import metadata
from sftsec_core.store.sealed_columns import SealedJson, SealedText
from sftsec_core.store.work_tables import (
    approvals,
    drift_windows,
    figures,
    gpu_leases,
    notices,
    occurrences,
    recall_draws,
    refusals,
    runs,
    schedules,
    tokens,
    workers,
)

__all__ = [
    "alias_history",
    "aliases",
    "approvals",
    "audit",
    "audit_head",
    "context_keys",
    "context_states",
    "cursors",
    "drift_windows",
    "erasures",
    "figures",
    "gpu_leases",
    "judged_inputs",
    "label_requests",
    "metadata",
    "models",
    "moved",
    "notices",
    "occurrences",
    "outbox",
    "outdated_models",
    "quarantine",
    "recall_draws",
    "refusals",
    "registrations",
    "runs",
    "schedules",
    "snapshots",
    "tokens",
    "tombstones",
    "verdict_chain",
    "verdict_head",
    "verdicts",
    "workers",
]

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
    # The newest, and how many are newer than a model: the key makes their order one order.
    Index(None, "connector", "pulled_at", "key"),
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

context_states = Table(
    "context_states",
    metadata,
    Column("task", Text, primary_key=True),
    Column("settings", String(64), nullable=False),
    Column("snapshot", String(64), nullable=False),
    # Microseconds since 1970, as in the states.
    Column("until", BigInteger, nullable=False),
    Column("keys", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

context_keys = Table(
    "context_keys",
    metadata,
    # The task's hash, then one of the key under the site's salt: no host's or user's name.
    Column("key", String(48), primary_key=True),
    Column("task", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("state", SealedText("context_keys.state"), nullable=False),
    Index(None, "task", "last"),
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
    # None in rows of before these columns whose detection was encrypted and the key was not there.
    Column("model", String(64)),
    Column("incident_uid", Text),
    Column("label", Text),
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
    # The status first: what is pending of all connectors is one part of it, however much was sent.
    Index(None, "status", "connector", "id"),
    Index(None, "run_id"),
    Index(None, "task", "created_at"),
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
    Index(None, "run_id"),
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
    # Each run looks for the last seal of the verdicts.
    Index(None, "action", "seq"),
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
