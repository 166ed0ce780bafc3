"""Read the audit log, and verify it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import AuditEntry, Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class AuditTail:
    """The end of the audit log.

    Attributes:
        entries: oldest first.
        verified: how many entries the whole log has; None when it was not verified.
    """

    entries: Sequence[AuditEntry]
    verified: int | None


def read_audit(
    context: Context, *, limit: int = 20, action: str | None = None, verify: bool = False
) -> AuditTail:
    """Return the last entries.

    Args:
        context: settings, store, registry, actor and event stream.
        limit: how many at most.
        action: only this one's; None for all.
        verify: recompute the whole chain first.

    Raises:
        IntegrityError: when the log was changed.
    """
    authorize(context.actor, Permission.READ)
    log = context.store.audit
    verified = log.verify() if verify else None
    return AuditTail(log.tail(limit, action=action), verified)
