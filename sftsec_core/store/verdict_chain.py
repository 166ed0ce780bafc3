"""The chain of hashes over the verdicts, in the order in which they came (`chain.py`).

A verdict that was changed, removed or put in shows in `verify`. What is sealed is what was said:
incident, word, analyst, moment, reason and `automated`; not `pulled_at` and `run_id`, which a
later pull renews. Each run and each `sftsec audit push` write the chain's end into the audit log,
so that a chain that was cut or computed again shows against the log, and the log against its copy.

Of a verdict that was erased the link stays, so that those after it can be verified; the audit log
says which they are, and one that it does not name shows as removed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.audit_records import SEALED
from sftsec_core.store.chain import BEGINNING, Chain, Link, link
from sftsec_core.store.tables import verdict_chain, verdict_head, verdicts

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database

_ROWS_AT_A_TIME = 1_000
_KEYS_PER_QUERY = 500
_ERASED = ""  # the key of a link whose verdict was erased
_SEALED = ("connector", "incident_uid", "value", "analyst", "reason", "automated")
_sealed = itemgetter(*_SEALED)
_REMEDY = "compare the verdicts with a backup, or pull them again into an empty store"


class VerdictChain:
    """The chain; it grows with the verdicts, and no hash in it is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert those verdicts that are not there, each with its link, and count them.

        Args:
            connection: a transaction that writes; call it as the last thing in it.
            rows: of the table of verdicts; of two with one key the first counts.
        """
        # Locks the head (SQLite has locked the file already): one writer at a time adds.
        head = connection.execute(select(verdict_head).with_for_update()).one()
        new = _not_there(connection, rows)
        if not new:
            return 0
        seq, previous = head.seq, head.hash
        links: list[dict[str, Any]] = []
        connection.execute(insert(verdicts), new)
        for row in new:
            seq += 1
            previous = link(previous, sealed_content(seq, row))
            links.append({"seq": seq, "key": row["key"], "hash": previous})
        connection.execute(insert(verdict_chain), links)
        connection.execute(update(verdict_head).values(seq=seq, hash=previous))
        return len(new)

    def head(self) -> tuple[int, str]:
        """Return the last verdict's number and hash: noted elsewhere, they seal all so far."""
        with self._database.reading() as connection:
            row = connection.execute(select(verdict_head)).one()
        return row.seq, row.hash

    def seal(self, log: AuditLog) -> None:
        """Write the end of the chain into the audit log, unless its last seal says the same.

        Raises:
            StoreError: when the database refuses.
        """
        number, last = self.head()
        before = log.tail(1, action=SEALED)
        if number and (not before or before[0].details.get("verdicts") != number):
            log.append(SEALED, "verdicts", {"verdicts": number, "hash": last})

    def erase(self, connection: Connection, keys: Sequence[str]) -> list[int]:
        """Remove verdicts and what names them in the chain; return their numbers.

        Args:
            connection: a transaction that writes; the audit log has to get the numbers in it.
            keys: of the table of verdicts.
        """
        numbers: list[int] = []
        connection.execute(select(verdict_head).with_for_update()).one()
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = keys[start : start + _KEYS_PER_QUERY]
            mine = verdict_chain.c.key.in_(some)
            numbers += connection.execute(select(verdict_chain.c.seq).where(mine)).scalars()
            connection.execute(update(verdict_chain).where(mine).values(key=_ERASED))
            connection.execute(delete(verdicts).where(verdicts.c.key.in_(some)))
        return sorted(numbers)

    def verify(
        self,
        sealed: Mapping[int, str] | None = None,
        *,
        after: Link = BEGINNING,
        erased: Collection[int] = (),
    ) -> int:
        """Compute the chain again, in bounded memory, and return how many verdicts it has.

        Args:
            sealed: hashes that were noted elsewhere, by the numbers of their verdicts.
            erased: the numbers of verdicts that were erased, as the audit log names them.
            after: where to begin. The hashes of what comes before are not computed, and that none
                is missing shows by their number; the default computes the whole.

        Raises:
            IntegrityError: naming the first verdict that is not as it was written.
        """
        left = {seq: seal for seq, seal in (sealed or {}).items() if seq > after.seq}
        with self._database.reading() as connection:
            head = connection.execute(select(verdict_head.c.seq, verdict_head.c.hash)).one_or_none()
            there = select(func.count()).where(verdict_chain.c.seq <= after.seq)
            if connection.execute(there).scalar_one() != after.seq:
                raise IntegrityError(f"verdicts: some of the first {after.seq} are gone; {_REMEDY}")
            later = _JOINED.where(verdict_chain.c.seq > after.seq)
            with connection.execute(later.execution_options(yield_per=_ROWS_AT_A_TIME)) as rows:
                chain = Chain("verdicts", "verdict", lambda row: _content(row, erased))
                found = chain.verify(
                    rows,
                    head and (head.seq, head.hash),
                    lambda row: _compare_seal(left, row),
                    after=after,
                )
            kept = connection.execute(select(func.count()).select_from(verdicts)).scalar_one()
        if left:
            raise IntegrityError(
                f"verdicts: the audit log has sealed {max(left)} of them, and there are {found}: "
                f"the last ones were removed; {_REMEDY}"
            )
        if kept != found - len(erased):
            raise IntegrityError(
                f"verdicts: there are {kept}, and their chain has {found - len(erased)}: some were "
                f"put in without sftsec; {_REMEDY}"
            )
        return found


def sealed_content(seq: int, row: Mapping[Any, Any]) -> list[Any]:
    """What the hash of a verdict covers besides the hash before it.

    Args:
        seq: its number.
        row: of the table of verdicts; `at` has a time zone or is None.
    """
    at = row["at"]
    moment = None if at is None else at.astimezone(UTC).isoformat()
    return [seq, moment, *_sealed(row)]


_JOINED = (
    select(
        verdict_chain.c.seq,
        verdict_chain.c.hash,
        verdicts.c.key,
        verdicts.c.at,
        *(verdicts.c[name] for name in _SEALED),
    )
    .select_from(verdict_chain.outerjoin(verdicts, verdicts.c.key == verdict_chain.c.key))
    .order_by(verdict_chain.c.seq)
)


def _content(row: Row[Any], erased: Collection[int]) -> Sequence[Any] | None:
    if row.key is None and row.seq in erased:
        return None
    if row.key is None:
        raise IntegrityError(f"verdicts: verdict {row.seq} was removed; {_REMEDY}")
    return sealed_content(row.seq, row._mapping)


def _compare_seal(left: dict[int, str], row: Row[Any]) -> None:
    seal = left.pop(row.seq, row.hash)
    if seal != row.hash:
        raise IntegrityError(
            f"verdicts: verdict {row.seq} is not the one that the audit log has sealed: the chain "
            f"was computed again; {_REMEDY}"
        )


def _not_there(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those whose key is new, each once, in their order."""
    by_key: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        by_key.setdefault(row["key"], row)
    keys = list(by_key)
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        mine = verdicts.c.key.in_(keys[start : start + _KEYS_PER_QUERY])
        for key in connection.execute(select(verdicts.c.key).where(mine)).scalars():
            del by_key[key]
    return list(by_key.values())
