"""The figures of a task that are watched over time: drift, shifts of the labels, live precision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.figures import Figure

SPAN = timedelta(days=90)


def watched_figures(
    context: Context, task: str, *, span: timedelta = SPAN
) -> Mapping[str, Sequence[Figure]]:
    """Return a task's figures by name, each oldest first; those with no value are left out.

    Args:
        context: settings, store, registry, actor and event stream.
        task: the task.
        span: how far back from now.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize(context.actor, Permission.READ, task)
    context.task(task)
    figures, since = context.store.figures, datetime.now(UTC) - span
    found = {name: figures.since(task, name, since) for name in figures.names(task)}
    return {name: values for name, values in found.items() if values}
