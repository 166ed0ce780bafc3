"""Refusals in the audit log: written where a request came in, not by each use case."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sftsec_core.api.errors import SftsecError

if TYPE_CHECKING:
    from sftsec_core.api.errors import AuthorizationError
    from sftsec_core.operations.context import Context

log = logging.getLogger(__name__)


def note_refusal(context: Context, error: AuthorizationError, *, origin: str | None = None) -> None:
    """Write what an actor was not permitted to do to the audit log; never raises.

    Args:
        context: its store holds the log.
        error: what was refused, to whom.
        origin: where the request came from; default: the context's actor's.
    """
    # A task that is none is a text of the caller's, perhaps a token in a wrong place.
    known = error.task is None or error.task in context.settings.tasks
    try:
        context.store.refusals.add(
            error.actor,
            error.permission,
            task=error.task if known else "(no such task)",
            origin=origin or context.actor.origin,
        )
    except (SftsecError, OSError) as failed:  # the refusal stands, whether or not it is on record
        log.warning("a refusal is not in the audit log: %s", failed)
