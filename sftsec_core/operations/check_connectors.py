"""Test connectors: connection, rights, and a first page as each task reads it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import DescribesReading
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConnectorError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.explain_data import absent_fields, first_records
from sftsec_core.operations.pulling import bounded, window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context

_SEARCHED_PAGES = 25
_NONE = "the connector brings no incident"


def check_connectors(
    context: Context,
    names: Sequence[str] = (),
    on_note: Callable[[str, str], None] = lambda _name, _line: None,
) -> Mapping[str, Sequence[str]]:
    """Return each connector's errors, of the named ones or of all; none where it works.

    A connector that answers is read: a page of incidents with the fields of each task, and more
    pages where none of these has one.

    Args:
        context: settings and connectors.
        names: which; all by default.
        on_note: called with a connector's name and a line on how it reads, where that depends on
            what the platform holds.

    Raises:
        NotFoundError: when the configuration has no such connector.
    """
    authorize(context.actor, Permission.PULL)  # it reads incidents with the stored credentials
    found: dict[str, Sequence[str]] = {}
    for name in names or sorted(context.settings.connectors):
        with context.connector(name) as connector:
            try:
                found[name] = list(connector.check()) or list(
                    _first_pages(context, name, connector)
                )
            except ConnectorError as error:
                found[name] = [str(error)]
            if isinstance(connector, DescribesReading):
                with suppress(ConnectorError):  # the errors say it
                    for line in connector.describe_reading():
                        on_note(name, line)
    return found


def _first_pages(context: Context, name: str, connector: Connector) -> Iterator[str]:
    for task_name, task in sorted(context.settings.tasks.items()):
        if name in task.connectors:
            # No field is called misspelt here, before more pages were looked at.
            window = replace(_window(context, task, name), required=())
            error = _first_page(connector, task, window)
            if error == _NONE:
                error += bounded(context, task, name)
            if error:
                yield f"task {task_name}: {error}"


def _window(context: Context, task: TaskSettings, name: str) -> PullWindow:
    return window_of(context, task, name, datetime.now(UTC), labelled=None)


def _first_page(connector: Connector, task: TaskSettings, window: PullWindow) -> str | None:
    """What is wrong with the first incidents as a task reads them."""
    incidents, rejected = first_records(connector, window)
    if not incidents and not rejected:
        return _NONE
    if not incidents:
        return f"all of the first {len(rejected):,} records are rejected: {rejected[0].reason}"
    read = {field for one in task.inputs for field in one.fields}
    if any(read & incident.fields.keys() for incident in incidents):
        return None
    if _comes_later(connector, window, read):
        return None
    return absent_fields(sorted(read), first_records(connector, replace(window, fields=()))[0])


def _comes_later(connector: Connector, window: PullWindow, read: set[str]) -> bool:
    """Whether later incidents have a field: a sensor writes records of many kinds into one log."""
    pages = islice(connector.pull(window), _SEARCHED_PAGES)
    return any(read & one.fields.keys() for page in pages for one in page.incidents)
