"""List what the labelling page shows: incidents that wait for a verdict, and the verdicts given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize, authorize_some

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.store.label_queue import PageVerdict, QueuedIncident


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A part of the queue.

    Attributes:
        incidents: the most wanted first.
        after: the cursor of what stands behind them; None at the end.
        waiting: how many wait in all.
    """

    incidents: Sequence[QueuedIncident]
    after: int | None
    waiting: int


def list_label_queue(
    context: Context, tasks: Sequence[str], *, after: int | None = None, limit: int = 100
) -> QueuePage:
    """List incidents that wait for a verdict.

    Args:
        context: settings, store, registry, actor and event stream.
        tasks: names of tasks; all of them must be the configuration's.
        after: the cursor of a page, for the next one.
        limit: how many at most.

    Raises:
        NotFoundError: when there is no such task.
    """
    _authorize_all(context, tasks)
    for name in tasks:
        context.task(name)
    found = context.label_queue.waiting(tasks, after=after, limit=limit + 1)
    more = found[limit - 1].place if len(found) > limit else None
    return QueuePage(found[:limit], more, context.label_queue.count(tasks))


def list_page_verdicts(
    context: Context, tasks: Sequence[str], *, limit: int = 500
) -> list[tuple[PageVerdict, QueuedIncident | None]]:
    """List the last verdicts that were given on the page, the newest first, also retracted ones.

    Args:
        context: settings, store, registry, actor and event stream.
        tasks: names of tasks.
        limit: how many at most.

    Returns:
        Each with its incident; None where that was removed.
    """
    _authorize_all(context, tasks)
    given = context.label_queue.verdicts(tasks, limit=limit)
    incidents = context.label_queue.find([each.place for each in given])
    return [(each, incidents.get(each.place)) for each in given]


def _authorize_all(context: Context, tasks: Sequence[str]) -> None:
    authorize_some(context.actor, Permission.LABEL)
    for name in tasks:
        authorize(context.actor, Permission.LABEL, name)
