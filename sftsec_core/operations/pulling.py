"""The pages of all connectors of a task, one connector after the other, under one cursor."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_core.dataset.sources import SourcePage

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context


def window_of(task: TaskSettings, now: datetime, *, labelled: bool | None) -> PullWindow:
    """What to pull of each connector: as far back as the task says, counted from `now`."""
    since = now - task.window if task.window else None
    return PullWindow(
        since=since, labelled=labelled, fields=task.fields, required=required_fields(task)
    )


def required_fields(task: TaskSettings) -> tuple[str, ...]:
    """The fields that a connector may take for misspelt where no incident has them.

    Of several connectors each may bring some of the task's fields.
    """
    return task.read_fields if len(task.connectors) == 1 else ()


@contextmanager
def named_errors(task: TaskSettings, connector: str) -> Iterator[None]:
    """Name the connector in the errors that leave the block, where a task has several.

    A connector need not know its name in the configuration, and may give that of its kind.
    """
    try:
        yield
    except ConnectorError as error:
        if len(task.connectors) > 1 and error.connector != connector:
            error.connector = connector
            error.args = (f"connector {connector!r}: {error}",)
        raise


def pull_all(
    context: Context, task: TaskSettings, window: PullWindow, cursor: str | None
) -> Generator[IncidentPage]:
    """Pull a task's incidents, from one connector after the other.

    Args:
        context: opens the connectors.
        task: names them.
        window: what to pull of each.
        cursor: of the last page, to resume after it.

    Yields:
        The connector's own pages where there is one, else a `SourcePage` with a cursor that says
        whose it is: those before it in the list are read.

    Raises:
        ConnectorError: of several connectors, naming the one that cannot be read.
    """
    if len(task.connectors) == 1:
        with context.connector(task.connectors[0]) as connector:
            yield from connector.pull(window, cursor=cursor)
        return
    current, inner = json.loads(cursor) if cursor else (task.connectors[0], None)
    for name in task.connectors[task.connectors.index(current) :]:
        with named_errors(task, name), context.connector(name) as connector:
            for page in connector.pull(window, cursor=inner):
                after = json.dumps([name, page.cursor])
                yield SourcePage(page.incidents, after, page.rejected, name)
        inner = None
