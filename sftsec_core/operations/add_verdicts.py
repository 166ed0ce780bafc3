"""Add analysts' verdicts on platforms whose alerts have no place for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TakesVerdicts
from sftsec_core.api.domain import Permission, Verdict
from sftsec_core.api.errors import ConnectorError, DataError
from sftsec_core.operations.authorize import authorize, authorize_some, may
from sftsec_core.sdk.records import UnusableError, parse_time

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context

_BATCH = 500


@dataclass(slots=True)
class AddedVerdicts:
    """What was added.

    Attributes:
        read: verdicts that were given.
        added: those that are new on the platform.
    """

    connector: str
    read: int = 0
    added: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def add_verdicts(
    context: Context, connector: str, verdicts: Iterable[tuple[str, Verdict]]
) -> AddedVerdicts:
    """Write verdicts where a connector keeps them, in batches.

    Args:
        context: settings, store, registry, actor and event stream.
        connector: its name in the configuration.
        verdicts: an incident's uid and the verdict on it; consumed as it is sent.

    Raises:
        AuthorizationError: when the actor may not label on a task that reads this connector, or may
            not give a verdict in another's name; earlier batches were sent.
        ConnectorError: when the connector takes no verdicts.
        DataError: when `verdicts` reads a file and finds a bad line; earlier batches were sent.
    """
    _authorize(context, connector)
    done = AddedVerdicts(connector)
    given = iter(verdicts)
    with context.connector(connector) as opened:
        if not isinstance(opened, TakesVerdicts):
            raise ConnectorError(
                "its analysts give verdicts on the platform itself", connector=connector
            )
        analysts: set[str] = set()
        while batch := list(islice(given, _BATCH)):
            _refuse_other_names(context, batch)
            done.added += opened.add_verdicts(batch)
            context.label_queue.settle(None, connector, [uid for uid, _ in batch])
            done.read += len(batch)
            analysts |= {verdict.analyst for _, verdict in batch if verdict.analyst}
    details = {"read": done.read, "added": done.added, "analysts": sorted(analysts)[:_BATCH]}
    context.store.audit.append("labels.added", connector, details, actor=context.actor.name)
    return done


def _authorize(context: Context, connector: str) -> None:
    """A verdict counts in every task that reads the connector."""
    authorize_some(context.actor, Permission.LABEL)
    tasks = context.settings.tasks.items()
    reading: list[str | None] = [name for name, task in tasks if connector in task.connectors]
    for name in reading or [None]:
        authorize(context.actor, Permission.LABEL, name)


def _refuse_other_names(context: Context, verdicts: Sequence[tuple[str, Verdict]]) -> None:
    if may(context.actor, Permission.LABEL_FOR_OTHERS):
        return
    if any(verdict.analyst != context.actor.name for _, verdict in verdicts):
        authorize(context.actor, Permission.LABEL_FOR_OTHERS)


def same_verdict(
    incidents: Iterable[str], value: str, analyst: str, reason: str | None
) -> Iterator[tuple[str, Verdict]]:
    """One analyst's verdict, given now, on several incidents."""
    now = datetime.now(UTC)
    for uid in incidents:
        yield uid, Verdict(value, analyst, now, reason)


def read_verdicts(lines: Iterable[bytes], name: str, analyst: str) -> Iterator[tuple[str, Verdict]]:
    """Read verdicts from JSON lines.

    Args:
        lines: objects with `incident`, `verdict` and optionally `analyst`, `reason`, `at`.
        name: the file's, for messages.
        analyst: who gave those that name no one.

    Raises:
        DataError: naming the line that is no such object.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            uid, value = _required(row, "incident"), _required(row, "verdict")
            at = parse_time(row.get("at"), "at") or datetime.now(UTC)
        except (ValueError, UnusableError, TypeError, AttributeError) as error:
            what = str(error) if isinstance(error, UnusableError) else "not such an object"
            raise DataError(f"{name}:{number}: {what}; nothing from here on was sent") from error
        yield uid, Verdict(value, str(row.get("analyst") or analyst), at, row.get("reason"))


def _required(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnusableError(f"{name!r} is missing")
    return value
