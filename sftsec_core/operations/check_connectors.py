"""Test the connectivity of connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConnectorError
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.operations.context import Context


def check_connectors(context: Context, names: Sequence[str] = ()) -> Mapping[str, Sequence[str]]:
    """Return each connector's errors, of the named ones or of all; none where it works.

    Raises:
        NotFoundError: when the configuration has no such connector.
    """
    authorize(context.actor, Permission.READ)
    found: dict[str, Sequence[str]] = {}
    for name in names or sorted(context.settings.connectors):
        with context.connector(name) as connector:
            try:
                found[name] = list(connector.check())
            except ConnectorError as error:
                found[name] = [str(error)]
    return found
