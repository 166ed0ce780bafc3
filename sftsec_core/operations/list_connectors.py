"""List the configured connectors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize_some, may, permitted

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class ListedConnector:
    """A connector of the configuration and the tasks that use it."""

    name: str
    type: str
    tasks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def list_connectors(context: Context) -> list[ListedConnector]:
    """Return the connectors by name: all, or those of the tasks that the actor may see."""
    authorize_some(context.actor, Permission.READ)
    seen = permitted(context.actor, Permission.READ, context.settings.tasks)
    tasks = [(name, context.settings.tasks[name]) for name in seen]
    found = [
        ListedConnector(
            name,
            connector.type,
            tuple(sorted(task for task, used in tasks if name in (*used.connectors, used.push_to))),
        )
        for name, connector in sorted(context.settings.connectors.items())
    ]
    all_of_them = may(context.actor, Permission.READ)
    return [each for each in found if all_of_them or each.tasks]
