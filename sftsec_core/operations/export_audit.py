"""Copy the audit log into the SIEM, where those who run sftsec cannot change it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import KeepsAudit, ReadsAudit
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConnectorError
from sftsec_core.operations.audit_anchor import AS_TASK, AuditCursor, check_cursor, read_anchor
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.operations.context import Context

_AT_ONCE = 500


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

    The entry that was copied last must still have the hash that it had then, and where the
    connector can be asked, the last entry of the copy must be the log's entry of this number.
    The end of the verdicts' chain is written into the log first, so that the copy seals it too.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the connector.

    Raises:
        ConnectorError: when the connector keeps no audit log, or rejects an entry.
        IntegrityError: when the log or a verdict was changed; nothing was copied.
    """
    authorize(context.actor, Permission.EXPORT_AUDIT)
    log = context.store.audit
    state = log.examine()
    context.store.verdict_chain.verify(state.sealed, erased=state.erased)
    stored = context.store.cursors.get(AS_TASK, name)
    check_cursor(log, name, AuditCursor.of(stored))
    with context.connector(name) as connector:
        if isinstance(connector, ReadsAudit):
            read_anchor(connector, name, log)
        context.store.verdict_chain.seal(log)
        return _copy(context, name, connector, stored)


def _copy(context: Context, name: str, connector: Connector, stored: str | None) -> AuditCopy:
    if not isinstance(connector, KeepsAudit):
        raise ConnectorError("it keeps no audit log", connector=name)
    store = context.store
    done = AuditCopy(seq=AuditCursor.of(stored).seq)
    while entries := store.audit.after(done.seq, _AT_ONCE):
        receipt = connector.push_audit(entries)
        if receipt.rejected:
            raise ConnectorError(f"an entry was rejected: {receipt.rejected[0][1]}", connector=name)
        last = entries[-1]
        cursor = str(AuditCursor(last.seq, last.hash))
        store.cursors.move(AS_TASK, name, cursor, expected=stored)
        stored, done.seq = cursor, last.seq
        done.written += len(receipt.written)
        done.duplicates += len(receipt.duplicates)
    return done
