"""Verdicts get a chain of hashes: one that is changed, removed or put in shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sftsec_core.store.chain import START, link
from sftsec_core.store.columns import UtcDateTime
from sftsec_core.store.verdict_chain import sealed_content

revision = "0007"
down_revision = "0006"

_BATCH = 10_000
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEPT = sa.table(
    "verdicts",
    sa.column("at", UtcDateTime),
    sa.column("automated", sa.Boolean),
    *(sa.column(n) for n in ("key", "connector", "incident_uid", "value", "analyst", "reason")),
)


def upgrade() -> None:
    """Make the tables, and chain what is there, in the order of the keys."""
    chain = op.create_table(
        "verdict_chain",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_verdict_chain"),
    )
    head = op.create_table(
        "verdict_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdict_head"),
    )
    seq, last = _fill(chain)
    op.bulk_insert(head, [{"id": 1, "seq": seq, "hash": last}])


def _fill(chain: sa.Table) -> tuple[int, str]:
    """Chain the verdicts that are there; return number and hash of the last."""
    connection = op.get_bind()
    seq, previous, key = 0, START, ""
    while rows := connection.execute(
        sa.select(_KEPT).where(_KEPT.c.key > key).order_by(_KEPT.c.key).limit(_BATCH)
    ).all():
        links = []
        for row in rows:
            seq, key = seq + 1, row.key
            previous = link(previous, sealed_content(seq, row._mapping))
            links.append({"seq": seq, "key": key, "hash": previous})
        connection.execute(chain.insert(), links)
    return seq, previous
