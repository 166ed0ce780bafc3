"""Tables of what was forgotten: erasures, tombstones of incidents, models that learned from them.

No row names an incident: a tombstone is a digest under the site's salt.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from sftsec_core.store.columns import UtcDateTime
from sftsec_core.store.metadata import metadata

erasures = Table(
    "erasures",
    metadata,
    Column("id", String(12), primary_key=True),
    # "incident" or "user": by what they were found.
    Column("found_by", String(16), nullable=False),
    Column("incidents", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # None: it was interrupted, and nothing is pulled before it is finished.
    Column("finished_at", UtcDateTime),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("erasure", String(12), ForeignKey("erasures.id"), nullable=False),
    Index(None, "erasure"),
)

outdated_models = Table(
    "outdated_models",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("erasure", String(12), ForeignKey("erasures.id"), nullable=False),
    # Of the first erasure that it learned from: the deadline counts from there.
    Column("since", UtcDateTime, nullable=False),
)
