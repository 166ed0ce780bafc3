"""List the registered models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize_some, may
from sftsec_core.operations.outdated_models import outdated_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.outdated_models import Outdated


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the list.

    Attributes:
        ref: the model.
        outdated: until when it may serve; None where it learned from nothing that was forgotten.
    """

    ref: ModelRef
    outdated: Outdated | None


def list_models(context: Context, task: str | None = None) -> Sequence[ListedModel]:
    """Return a task's models, or those of all tasks that the actor may see, newest first.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize_some(context.actor, Permission.READ, task)
    if task is not None:
        context.task(task)
    found = context.registry.models(task)
    outdated = outdated_models(context)
    seen = [ref for ref in found if may(context.actor, Permission.READ, ref.task)]
    return [ListedModel(ref, outdated.get(ref.digest)) for ref in seen]
