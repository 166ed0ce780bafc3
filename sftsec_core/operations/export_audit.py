"""Copy the audit log into the SIEM, where those who run sftsec cannot change it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import KeepsAudit
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConnectorError
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context

_AT_ONCE = 500
_AS_TASK = "@audit"  # how the store names the cursor, where others have a task


@dataclass(slots=True)
class AuditCopy:
    """What was copied.

    Attributes:
        seq: number of the last entry that the platform has.
        written: entries that are new there.
        duplicates: entries that were there already.
    """

    seq: int = 0
    written: int = 0
    duplicates: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def export_audit(context: Context, name: str) -> AuditCopy:
    """Copy the entries added since the last call, after verifying the log.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the connector.

    Raises:
        ConnectorError: when the connector keeps no audit log, or rejects an entry.
        IntegrityError: when the log was changed.
    """
    authorize(context.actor, Permission.EXPORT_AUDIT)
    store = context.store
    store.audit.verify()
    stored = store.cursors.get(_AS_TASK, name)
    done = AuditCopy(seq=int(stored or 0))
    with context.connector(name) as connector:
        if not isinstance(connector, KeepsAudit):
            raise ConnectorError("it keeps no audit log", connector=name)
        while entries := store.audit.after(done.seq, _AT_ONCE):
            receipt = connector.push_audit(entries)
            if receipt.rejected:
                raise ConnectorError(
                    f"an entry was rejected: {receipt.rejected[0][1]}", connector=name
                )
            cursor = str(entries[-1].seq)
            store.cursors.move(_AS_TASK, name, cursor, expected=stored)
            stored, done.seq = cursor, entries[-1].seq
            done.written += len(receipt.written)
            done.duplicates += len(receipt.duplicates)
    return done
