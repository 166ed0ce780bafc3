"""The pages of all connectors of a task, one connector after the other, under one cursor."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import ConnectorSpec, PullsParts
from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.api.settings.values import ALL_TIME, format_duration
from sftsec_core.dataset.sources import SourcePage, SourceParts

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.config.settings import Settings
    from sftsec_core.operations.context import Context
    from sftsec_core.plugins import Plugins


def pull_span(
    settings: Settings, plugins: Plugins, task: TaskSettings, connector: str
) -> timedelta | None:
    """How far back a task pulls from a connector; None for all time.

    What the task says, or else what the kind of connector suggests. Only this span is searched and
    learned from. What was pulled before and is older by now stays known: no cursor moves back, and
    no incident that was judged is raised or asked about again.
    """
    if task.window is None:
        kind = settings.connectors[connector].type
        return plugins.specs(ConnectorSpec)[kind].default_window
    return None if isinstance(task.window, str) else task.window


def window_of(
    context: Context, task: TaskSettings, connector: str, now: datetime, *, labelled: bool | None
) -> PullWindow:
    """What to pull of a connector: as far back as its span says, counted from `now`."""
    span = pull_span(context.settings, context.plugins, task, connector)
    return PullWindow(
        since=now - span if span else None,
        labelled=labelled,
        fields=task.fields,
        required=required_fields(task),
    )


def describe_spans(settings: Settings, plugins: Plugins, task: TaskSettings) -> dict[str, str]:
    """How far back the task pulls from each of its connectors: "90d" or "all"."""
    spans = {name: pull_span(settings, plugins, task, name) for name in task.connectors}
    return {name: format_duration(span) if span else ALL_TIME for name, span in spans.items()}


def bounded(context: Context, task: TaskSettings, *names: str) -> str:
    """Say how far back a pull looks, for its report: ", the last 90d"; "" where there is no bound.

    Args:
        context: settings and plugins.
        task: whose pull it is.
        names: of the connectors; none for all of the task's.
    """
    spans = describe_spans(context.settings, context.plugins, task)
    told = {name: spans[name] for name in names or task.connectors}
    if set(told.values()) == {ALL_TIME}:
        return ""
    whose = "" if task.window else ", the default: `window` sets another"
    if len(set(told.values())) == 1:
        return f", the last {next(iter(told.values()))}{whose}"
    each = (f"{span} of {name}" for name, span in told.items())
    return f", the last {', '.join(each)}{whose}"


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
    context: Context,
    task: TaskSettings,
    windows: Mapping[str, PullWindow],
    cursor: str | None,
    *,
    by_parts: bool = False,
) -> Generator[IncidentPage | SourceParts]:
    """Pull a task's incidents, from one connector after the other.

    Args:
        context: opens the connectors.
        task: names them.
        windows: what to pull of each.
        cursor: of the last page, to resume after it.
        by_parts: whether a connector may say what its pull is made of, instead of bringing it.

    Yields:
        What a connector's pull is made of, where it can tell; else its pages:
        The connector's own pages where there is one, else a `SourcePage` with a cursor that says
        whose it is: those before it in the list are read.

    Raises:
        ConnectorError: of several connectors, naming the one that cannot be read.
    """
    if len(task.connectors) == 1:
        window = windows[task.connectors[0]]
        with context.connector(task.connectors[0]) as connector:
            if by_parts and isinstance(connector, PullsParts):
                yield SourceParts("", None, connector.parts(window))
            else:
                yield from connector.pull(window, cursor=cursor)
        return
    current, inner = json.loads(cursor) if cursor else (task.connectors[0], None)
    for name in task.connectors[task.connectors.index(current) :]:
        with named_errors(task, name), context.connector(name) as connector:
            if by_parts and isinstance(connector, PullsParts):
                parts = connector.parts(windows[name])
                yield SourceParts(name, json.dumps([name, None]), parts)
                continue
            for page in connector.pull(windows[name], cursor=inner):
                after = json.dumps([name, page.cursor])
                yield SourcePage(page.incidents, after, page.rejected, name)
        inner = None


@contextmanager
def collected_errors(failures: list[ConnectorError]) -> Iterator[None]:
    """Take the error of a connector, to be raised when the others are done."""
    try:
        yield
    except ConnectorError as error:
        failures.append(error)


def joined_error(failures: Sequence[ConnectorError]) -> ConnectorError:
    """One error of all: that a later call may succeed is said only where nothing else is wrong."""
    if len(failures) == 1:
        return failures[0]
    lost = all(isinstance(error, ConnectorUnavailableError) for error in failures)
    kind = ConnectorUnavailableError if lost else ConnectorError
    return kind("; ".join(dict.fromkeys(map(str, failures))))
