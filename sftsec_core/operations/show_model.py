"""Show a model's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import ModelRef, Permission, Registration
from sftsec_core.operations.approvals import waiting_approval
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.operations.outdated_models import outdated_models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.operations.approvals import ApprovalState
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.outdated_models import Outdated


@dataclass(frozen=True, slots=True)
class ShownModel:
    """A model with its card.

    Attributes:
        ref: the model.
        card: of the last run that made it.
        runs: all runs that made it, oldest first.
        approval: who approved it and who has to; None where nobody has to, or it is live.
        outdated: until when it may serve; None where it learned from nothing that was forgotten.
    """

    ref: ModelRef
    card: Mapping[str, Any]
    runs: Sequence[Registration]
    approval: ApprovalState | None = None
    outdated: Outdated | None = None


def show_model(context: Context, model: str, *, task: str | None = None) -> ShownModel:
    """Find a model, verify its files and read its card.

    Args:
        context: settings, store, registry, actor and event stream.
        model: task@alias, an alias, a digest or the beginning of one.
        task: look only among this task's models.

    Raises:
        NotFoundError: when there is no such model.
        IntegrityError: when its files are not those that were registered.
    """
    authorize_some(context.actor, Permission.READ, task)
    ref = context.registry.resolve(model, task)
    authorize(context.actor, Permission.READ, ref.task)
    registry = context.registry
    card = registry.card(ref)
    outdated = outdated_models(context).get(ref.digest)
    return ShownModel(ref, card, registry.runs(ref), waiting_approval(context, ref), outdated)
