"""Show the figures that are watched of a task, over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from datetime import timedelta

    from sftsec_core.operations.context import Context
    from sftsec_core.store.figures import Figure


@dataclass(frozen=True, slots=True)
class WatchedFigure:
    """One figure over time.

    Attributes:
        values: oldest first; at least one.
    """

    name: str
    values: tuple[Figure, ...]

    @property
    def latest(self) -> Figure:
        """The newest value."""
        return self.values[-1]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"name": self.name, "values": [each.to_json() for each in self.values]}


def show_drift(context: Context, task: str, *, within: timedelta) -> list[WatchedFigure]:
    """Return what is watched of a task, by name; what has no value in that time is left out.

    Args:
        context: settings, store, registry, actor and event stream.
        task: the task's name.
        within: how far back.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize(context.actor, Permission.READ, task)
    context.task(task)
    figures, since = context.store.figures, utc_now() - within
    found = ((name, figures.since(task, name, since)) for name in figures.names(task))
    return [WatchedFigure(name, tuple(values)) for name, values in found if values]
