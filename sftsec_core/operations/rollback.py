"""Restore the previously live model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.approvals import ROLLBACK, approve, earlier_model, takes_people
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.outdated_models import check_in_time
from sftsec_core.operations.promote import Promotion, tell_promotion

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


def rollback(context: Context, task: str, *, reason: str) -> Promotion:
    """Make the model live again that was live before the current one.

    Where `registry.promotion.rollback_people` asks for several people this is the actor's approval.

    Raises:
        NotFoundError: when there is no such task, or no model was live before.
        GateRefusedError: when that one learned from what was forgotten, and had to be replaced.
    """
    authorize(context.actor, Permission.ROLL_BACK, task)
    context.task(task)
    before = context.registry.live(task)
    check_in_time(context, earlier_model(context, task))
    if takes_people(context, ROLLBACK):
        state = approve(context, earlier_model(context, task), ROLLBACK, reason)
        if state.lacking:
            return Promotion(before, before, state)
    live = context.registry.rollback(task, context.actor.name, reason)
    tell_promotion(context, live, before, reason=f"rollback: {reason}")
    return Promotion(live, before)
