"""Make a registered model the live one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import GateDecided, ModelPromoted, ModelRef, Permission, VoteCast
from sftsec_core.operations.approvals import FORCE, GATE, approve, check_promotable, takes_people
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.operations.outdated_models import check_in_time
from sftsec_core.registry.card import decision_of

if TYPE_CHECKING:
    from sftsec_core.api.domain import Decision
    from sftsec_core.operations.approvals import ApprovalState
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of a task's live model.

    Attributes:
        live: the model that is live now; None where none is.
        previous: the one before; None at first.
        waiting: whose approvals are lacking: the live model is the same as before. None: nobody's.
    """

    live: ModelRef | None
    previous: ModelRef | None
    waiting: ApprovalState | None = None


def promote(
    context: Context, model: str, *, task: str | None = None, force: str | None = None
) -> Promotion:
    """Make a model the live one of its task, if the promotion gate approved it.

    Where `registry.promotion` asks for several people this is the actor's approval; the last one
    that is needed makes the model live.

    Args:
        context: settings, store, registry, actor and event stream.
        model: task@alias, an alias, a digest or the beginning of one.
        task: look only among this task's models.
        force: the reason for promoting it against the gate; goes to the audit log.

    Raises:
        GateRefusedError: when the gate rejected it and nobody forces it, or it learned from what
            was forgotten and had to be replaced by now.
        StoreError: when another model is live than the one that it was compared with.
    """
    needed = [Permission.PROMOTE, *([Permission.FORCE_PROMOTION] if force is not None else [])]
    for each in needed:
        authorize_some(context.actor, each, task)
    registry = context.registry
    ref = registry.resolve(model, task)
    # A model's name may name another task than `task`.
    for each in needed:
        authorize(context.actor, each, ref.task)
    check_in_time(context, ref)
    card = registry.card(ref)
    before = registry.live(ref.task)
    # An approval holds against the model that it was compared with; forcing it replaces the
    # model that is live now.
    against = (before.digest if before else None) if force else card["gate"]["incumbent"]
    decision = decision_of(card)
    kind = GATE if force is None else FORCE
    if takes_people(context, kind) and (before is None or before.digest != ref.digest):
        check_promotable(context, ref, decision, force=force, instead_of=against)
        state = approve(context, ref, kind, force or "")
        if state.lacking:
            return Promotion(before, before, state)
    previous = registry.promote(
        ref.task, ref.digest, decision, context.actor.name, force=force, instead_of=against
    )
    live = registry.live(ref.task) or ref
    tell_promotion(context, live, previous, reason=force or "gate")
    return Promotion(live, previous)


def tell_promotion(
    context: Context,
    live: ModelRef,
    previous: ModelRef | None,
    *,
    reason: str = "gate",
    run: str | None = None,
) -> None:
    """Emit that the live model changed; a promotion of the live model itself is no change."""
    if previous is not None and previous.digest == live.digest:
        return
    context.emit(
        ModelPromoted(
            task=live.task,
            run=run,
            digest=live.digest,
            recipe=live.recipe,
            previous=previous.digest if previous else None,
            by=context.actor.name,
            reason=reason,
        )
    )


def tell_votes(run: Run, recipe: str, decision: Decision) -> None:
    """Emit the votes and what they came to."""
    for vote in decision.votes:
        run.emit(
            VoteCast(
                recipe=recipe,
                voter=vote.voter,
                approve=vote.approve,
                warning=vote.warning,
                abstained=vote.abstained,
                reason=vote.reason,
            )
        )
    run.emit(GateDecided(recipe=recipe, approved=decision.approved))
