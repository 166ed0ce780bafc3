"""Restore the previously live model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.promote import Promotion, tell_promotion

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


def rollback(context: Context, task: str, *, reason: str) -> Promotion:
    """Make the model live again that was live before the current one.

    Raises:
        NotFoundError: when there is no such task, or no model was live before.
    """
    authorize(context.actor, Permission.ROLL_BACK, task)
    context.task(task)
    before = context.registry.live(task)
    live = context.registry.rollback(task, context.actor.name, reason)
    tell_promotion(context, live, before, reason=f"rollback: {reason}")
    return Promotion(live, before)
