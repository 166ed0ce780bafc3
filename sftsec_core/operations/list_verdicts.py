"""List the verdicts that were pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.verdicts import StoredVerdict


def list_verdicts(
    context: Context, *, connector: str | None = None, value: str | None = None, limit: int = 50
) -> Sequence[StoredVerdict]:
    """Return verdicts, those pulled last first.

    Args:
        context: settings, store, registry, actor and event stream.
        connector: only this one's; None for all.
        value: only this value of the platform's; None for all.
        limit: how many at most.
    """
    authorize(context.actor, Permission.READ)
    return context.store.verdicts.list(connector, value=value, limit=limit)
