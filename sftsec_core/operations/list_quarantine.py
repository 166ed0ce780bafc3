"""List the records that could not be read or pushed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class QuarantineList:
    """The newest records in quarantine, and how many there are."""

    records: Sequence[Quarantined]
    total: int


def list_quarantine(
    context: Context, *, connector: str | None = None, limit: int = 50
) -> QuarantineList:
    """Return the records that were rejected last: where they stand and why."""
    authorize(context.actor, Permission.READ)
    quarantine = context.store.quarantine
    return QuarantineList(quarantine.list(connector, limit=limit), quarantine.count(connector))
