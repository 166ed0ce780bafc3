"""Separation of duties: how many people, and who, must approve a model before it is made live."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.registry.history import promotion_reason
from sftsec_core.registry.registry import CANDIDATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.api.domain import Decision, ModelRef
    from sftsec_core.operations.context import Context

GATE, FORCE, ROLLBACK = "gate", "force", "rollback"


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Where the approval of a model stands.

    Attributes:
        digest: of the model.
        kind: how it would be made live: "gate", "force" or "rollback".
        approved_by: those who approved it, in their order.
        requester: who asked for the run that made it; None where it is not known.
        lacking: whose approval it needs still; "" where it is enough.
    """

    digest: str
    kind: str
    approved_by: tuple[str, ...]
    requester: str | None
    lacking: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "approved_by": list(self.approved_by)}

    def line(self) -> str:
        """For a person."""
        given = f"approved by {', '.join(self.approved_by) or 'no one'}"
        return f"{given}; it needs {self.lacking}" if self.lacking else given


def takes_people(context: Context, kind: str = GATE) -> bool:
    """Whether one person, or a run by itself, may not make a model live that way."""
    rule = context.settings.registry.promotion
    if kind == ROLLBACK:
        return rule.rollback_people > 1
    return rule.people > 1 or rule.not_requester


def approval_state(context: Context, ref: ModelRef, kind: str = GATE) -> ApprovalState:
    """Who approved a model as its last run measured it, and who has to still."""
    mine = (ref.digest, ref.run_id, kind)
    given = [
        each
        for each in context.store.approvals.list(ref.task)
        if (each.digest, each.run_id, each.kind) == mine
    ]
    runs = {made.run_id: made.requested_by for made in context.registry.runs(ref)}
    requester = runs.get(ref.run_id)
    people = [each.person for each in given]
    names = tuple(each.actor for each in given)
    return ApprovalState(
        ref.digest, kind, names, requester, _lacking(context, kind, people, requester)
    )


def waiting_approval(context: Context, ref: ModelRef) -> ApprovalState | None:
    """What a model waits for that is not live: a rollback or a forced promotion only once begun."""
    live = context.registry.live(ref.task)
    if live is not None and live.digest == ref.digest:
        return None
    states = [approval_state(context, ref, kind) for kind in (ROLLBACK, FORCE, GATE)]
    begun = next((each for each in states if each.approved_by), None)
    return begun or (states[-1] if takes_people(context) else None)


def waiting_models(context: Context, task: str) -> Iterator[ApprovalState]:
    """Models of a task that wait for people: the approved candidate, and those begun."""
    begun = {each.digest for each in context.store.approvals.list(task)}
    for ref in context.registry.models(task):
        asked = takes_people(context) and CANDIDATE in ref.aliases and _gate_approved(context, ref)
        if ref.digest in begun or asked:
            state = waiting_approval(context, ref)
            if state is not None:
                yield state


def _gate_approved(context: Context, ref: ModelRef) -> bool:
    try:
        return context.store.runs.get(ref.run_id).status == "succeeded"
    except NotFoundError:  # the run was pruned
        return False


def approve(context: Context, ref: ModelRef, kind: str, reason: str = "") -> ApprovalState:
    """Keep the actor's approval; the caller has asked whether the actor may promote that way.

    Raises:
        StoreError: when another model is made live meanwhile.
    """
    live = context.registry.live(ref.task)
    context.store.approvals.add(
        ref,
        kind,
        actor=context.actor.name,
        reason=reason,
        live=live.digest if live else None,
    )
    return approval_state(context, ref, kind)


def check_promotable(
    context: Context,
    ref: ModelRef,
    decision: Decision,
    *,
    force: str | None,
    instead_of: str | None,
) -> None:
    """Check what a promotion will check, before people are asked to approve it.

    Args:
        context: its registry has the model.
        ref: the model.
        decision: the gate's.
        force: the reason for promoting it against the gate.
        instead_of: the digest that was live when the gate decided; None: nothing was.

    Raises:
        GateRefusedError: when the gate rejected it and nobody forces it.
        IntegrityError: when its files or its signature are not as they must be.
        StoreError: when another model is live than the one that it was compared with.
    """
    registry = context.registry
    promotion_reason(decision, force)
    registry.verify(ref)
    registry.signatures.check(ref)
    live = registry.live(ref.task)
    if (live.digest if live else None) != instead_of:
        raise StoreError(
            "another model is live than the one that the gate compared it with: sftsec retrain "
            f"{ref.task} compares again"
        )


def earlier_model(context: Context, task: str) -> ModelRef:
    """The model that a rollback of the task restores.

    Raises:
        NotFoundError: when there is none.
    """
    stack = context.registry.restorable(task)
    found = context.store.models.get(stack[-2]) if len(stack) > 1 else None
    if found is None:
        raise NotFoundError("earlier live model of task", task, ())
    return found


def _lacking(context: Context, kind: str, people: list[str], requester: str | None) -> str:
    rule = context.settings.registry.promotion
    needed = rule.rollback_people if kind == ROLLBACK else rule.people
    other = rule.not_requester and kind != ROLLBACK
    if other and requester is None:
        needed = max(needed, 2)  # one of two did not ask for it
    missing = needed - len(people)
    if missing > 0:
        return "1 more person" if missing == 1 else f"{missing} more people"
    if other and requester is not None and set(people) <= {requester.casefold()}:
        return f"somebody other than {requester}, who asked for its training"
    return ""
