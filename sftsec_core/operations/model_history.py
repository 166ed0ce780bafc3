"""The models that were live for a task one after another, with the figures of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import SftsecError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.compare_runs import figures_of
from sftsec_core.operations.show_run import show_run

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class LiveSince:
    """A model that became live.

    Attributes:
        at: when (UTC).
        by: who or what made it live.
        reason: how many votes approved it, or what was given for a forced promotion or a rollback.
        recipe: None where the model was removed since.
        figures: of its evaluation, by name; empty where its run's report is gone.
    """

    at: datetime
    digest: str
    by: str
    reason: str
    recipe: str | None
    figures: Mapping[str, float | None]


def model_history(context: Context, task: str, *, limit: int = 20) -> list[LiveSince]:
    """Return the last models that became live, oldest first.

    Args:
        context: settings, store, registry, actor and event stream.
        task: the task.
        limit: how many at most.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize(context.actor, Permission.READ, task)
    context.task(task)
    moves = context.store.models.alias_history(task, "live")[:limit]
    return [_live_since(context, *move) for move in reversed(moves)]


def _live_since(context: Context, digest: str, at: datetime, by: str, reason: str) -> LiveSince:
    ref = context.store.models.get(digest)
    figures: Mapping[str, float | None] = {}
    if ref is not None:
        try:
            figures = figures_of(show_run(context, ref.run_id).evaluation)
        except SftsecError:  # the run was removed
            figures = {}
    return LiveSince(at, digest, by, reason, ref.recipe if ref else None, figures)
