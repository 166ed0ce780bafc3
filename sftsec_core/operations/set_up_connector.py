"""Create what a connector writes to: templates, data streams, indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import NeedsSetup
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConnectorError
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context


def set_up_connector(context: Context, name: str) -> Sequence[str]:
    """Create it and return the names; what exists stays as it is.

    Raises:
        ConnectorError: when the connector needs no setup, or its rights do not suffice.
    """
    authorize(context.actor, Permission.SET_UP)
    with context.connector(name) as connector:
        if not isinstance(connector, NeedsSetup):
            raise ConnectorError("it needs no setup", connector=name)
        made = list(connector.setup())
    context.store.audit.append("connector.setup", name, {"made": made})
    return made
