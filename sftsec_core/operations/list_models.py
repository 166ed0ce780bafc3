"""List the registered models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize_some, may

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context


def list_models(context: Context, task: str | None = None) -> Sequence[ModelRef]:
    """Return a task's models, or those of all tasks that the actor may see, newest first.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize_some(context.actor, Permission.READ, task)
    if task is not None:
        context.task(task)
    found = context.registry.models(task)
    return [ref for ref in found if may(context.actor, Permission.READ, ref.task)]
