"""What the audit log is compared with: the place up to which it was copied, and the copy itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import ReadsAudit
from sftsec_core.api.errors import ConnectorError, IntegrityError

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import AuditAnchor
    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.store import Store

AS_TASK = "@audit"  # how the store names these cursors, where others have a task
_CURSOR = re.compile(r"(\d+)(?::([0-9a-f]{64}))?")
_SHORT = 12
_REMEDY = (
    "it was changed after it was copied, and nothing is copied: compare it with the copy and with "
    "a backup; a store that was restored from a backup is copied to another namespace or index"
)


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """How far a log was copied to a connector.

    Attributes:
        seq: the last entry that was copied; 0 for none.
        hash: of this entry; None where an older version kept none.
    """

    seq: int
    hash: str | None

    @classmethod
    def of(cls, stored: str | None) -> AuditCursor:
        """Read a cursor as the store keeps it; None is the beginning.

        Raises:
            IntegrityError: when it is none.
        """
        found = _CURSOR.fullmatch(stored or "0")
        if found is None:
            raise IntegrityError("audit log: the cursor of `audit push` is not as it was written")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return str(self.seq) if self.hash is None else f"{self.seq}:{self.hash}"


def copied_to(store: Store) -> dict[str, AuditCursor]:
    """Return how far the log was copied, by the names of connectors.

    Raises:
        IntegrityError: when a cursor is none.
    """
    found = store.cursors.of_task(AS_TASK)
    return {name: AuditCursor.of(stored) for name, stored in found.items()}


def check_cursor(log: AuditLog, name: str, cursor: AuditCursor) -> None:
    """See that the entry which was copied last is still the one that it was.

    Raises:
        IntegrityError: naming its number.
    """
    here = log.hash_of(cursor.seq)
    if cursor.seq and (here is None or cursor.hash not in (None, here)):
        raise _differs(name, cursor.seq, cursor.hash, here)


def read_anchor(connector: Connector, name: str, log: AuditLog) -> AuditAnchor | None:
    """Read the end of the log's copy and compare it; None where there is no copy of this log.

    Args:
        connector: which holds the copy.
        name: of the connector, for messages.
        log: of this site.

    Raises:
        ConnectorError: when the connector cannot be asked for it.
        IntegrityError: when the copy has another entry of this number, or several.
    """
    if not isinstance(connector, ReadsAudit):
        raise ConnectorError("it cannot tell what it holds of the audit log", connector=name)
    first = log.hash_of(1)
    anchor = None if first is None else connector.last_audit(first)
    if anchor is None:
        return None
    here = log.hash_of(anchor.seq)
    for there in anchor.hashes:
        if there != here:
            raise _differs(name, anchor.seq, there, here)
    return anchor


def _differs(name: str, seq: int, there: str | None, here: str | None) -> IntegrityError:
    copied = f" with hash {there[:_SHORT]}" if there else ""
    now = "the log here ends before it" if here is None else f"here it has {here[:_SHORT]}"
    return IntegrityError(
        f"audit log: entry {seq} was copied to {name!r}{copied}; {now}: {_REMEDY}"
    )
