"""Show the first incidents that a task's connectors return, as the model would see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, Permission, Rejection
from sftsec_core.dataset.steps import build_steps
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.pulling import window_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class IncidentPreview:
    """Cleaned and redacted incidents, and the records that could not be read.

    Attributes:
        rejected: the first of them, at most as many as incidents were asked for.
        rejected_total: how many there were on the pages that were read.
    """

    incidents: Sequence[Incident]
    rejected: Sequence[Rejection]
    rejected_total: int


def preview_incidents(
    context: Context, name: str, *, limit: int, labelled: bool | None = None
) -> IncidentPreview:
    """Pull a task's first incidents; nothing is written.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        limit: how many at most.
        labelled: only with (True) or without (False) a verdict; None for both.

    Raises:
        ConnectorError: when the connector cannot be read.
    """
    authorize(context.actor, Permission.PULL, name)
    task = context.task(name)
    each = -(-limit // len(task.connectors))  # so that every connector is seen
    steps = build_steps(task, context.plugins, context.step_context(name))
    rejected: list[Rejection] = []
    found: list[Incident] = []
    now = datetime.now(UTC)
    for source in task.connectors:
        enough = min(limit, len(found) + each)
        with context.connector(source) as connector:
            for page in connector.pull(window_of(context, task, source, now, labelled=labelled)):
                found += steps(list(islice(page.incidents, enough - len(found))))
                rejected += [*page.rejected, *steps.take_rejected()]
                if len(found) >= enough:
                    break
    return IncidentPreview(found, rejected[:limit], len(rejected))
