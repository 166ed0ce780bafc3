"""Judge incidents of the labelling page: the verdict goes where their connector keeps it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import RetractsVerdicts, TakesVerdicts
from sftsec_core.api.domain import Permission, Verdict
from sftsec_core.api.errors import (
    AuthorizationError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
    unknown,
)
from sftsec_core.operations.authorize import authorize, authorize_some, permitted
from sftsec_core.store.label_queue import PageVerdict

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.store.label_queue import QueuedIncident

_SHOWN = 100


class GoneError(DataError):
    """What was to be judged is not on the page any more, or holds something else than was seen."""


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """A verdict that an analyst gives on an incident of the page.

    Attributes:
        key: names it: the same one sent twice is one verdict.
        place: of the incident, from `list_label_queue`.
        label: of the incident's task.
        reason: the analyst's words; None for none.
    """

    key: str
    place: int
    label: str
    reason: str | None = None


def judge_incidents(
    context: Context, given: Sequence[GivenVerdict], tasks: Collection[str] | None = None
) -> list[PageVerdict]:
    """Keep the actor's verdicts, each for its incident and all that have the same inputs.

    Args:
        context: its actor is the analyst.
        given: in their order; one whose key is known is not given again.
        tasks: whose incidents may be judged; None for all.

    Raises:
        GoneError: when an incident is not there any more; nothing was written.
        DataError: when a label is none of the task's; nothing was written.
        ConnectorUnavailableError: when a platform does not answer: give the same again.
        ConnectorError: when a platform refuses them; those of other connectors are kept.
    """
    authorize_some(context.actor, Permission.LABEL)
    queue = context.label_queue
    found = queue.find([each.place for each in given])
    named = context.settings.tasks if tasks is None else tasks
    shown = permitted(context.actor, Permission.LABEL, named)
    incidents = {place: each for place, each in found.items() if each.task in shown}
    now = time.time()
    made = [_verdict(context, each, incidents, now) for each in given]
    noted = queue.note(made)
    if any(each.analyst != context.actor.name for each in noted):
        raise DataError("a key is another analyst's: give each verdict a new one")
    new = [each for each in noted if not each.kept]
    for connector in dict.fromkeys(each.connector for each in new):
        mine = [each for each in new if each.connector == connector]
        with context.connector(connector) as opened, _forgotten_when_refused(context, mine):
            if not isinstance(opened, TakesVerdicts):
                raise ConnectorError("it has no place for verdicts", connector=connector)
            opened.add_verdicts(list(_named(mine)))
        queue.keep([each.key for each in mine])
        _audit(context, "labels.added", connector, mine)
    return noted


def retract_verdicts(context: Context, keys: Sequence[str]) -> list[PageVerdict]:
    """Take back the actor's own verdicts; their incidents wait again.

    Args:
        context: its actor is the analyst.
        keys: of verdicts that `judge_incidents` has kept; one that was taken back stays so.

    Raises:
        GoneError: when no such verdict is known; nothing was taken back.
        AuthorizationError: when one is another analyst's; nothing was taken back.
        ConnectorUnavailableError: when a platform does not answer: take it back again.
        ConnectorError: when a platform keeps verdicts for good.
    """
    authorize_some(context.actor, Permission.LABEL)
    found = context.label_queue.by_keys(keys)
    for key in keys:
        if key not in found or not found[key].kept:
            raise GoneError("no such verdict is known here (any more)")
        if found[key].analyst != context.actor.name:
            raise AuthorizationError(context.actor.name, "take back another analyst's verdict")
        authorize(context.actor, Permission.LABEL, found[key].task)
    counted = [each for each in found.values() if each.retracted is None]
    for connector in dict.fromkeys(each.connector for each in counted):
        mine = [each for each in counted if each.connector == connector]
        with context.connector(connector) as opened:
            if not isinstance(opened, RetractsVerdicts):
                raise ConnectorError(
                    "it keeps verdicts for good: a later one of yours outweighs this one",
                    connector=connector,
                )
            opened.retract_verdicts(list(_named(mine)))
        context.label_queue.retract([each.key for each in mine])
        _audit(context, "labels.retracted", connector, mine)
    return [context.label_queue.by_keys(keys)[key] for key in keys]


def _verdict(
    context: Context, given: GivenVerdict, incidents: dict[int, QueuedIncident], now: float
) -> PageVerdict:
    incident = incidents.get(given.place)
    if incident is None:
        raise GoneError("the incident is not in the queue any more: read it again")
    labels = context.task(incident.task).labels
    if given.label not in labels:
        raise DataError(unknown("label", given.label, labels))
    return PageVerdict(
        key=given.key,
        place=given.place,
        task=incident.task,
        connector=incident.connector,
        uid=incident.uid,
        uids=incident.uids,
        label=given.label,
        value=next(iter(labels[given.label]), given.label),
        analyst=context.actor.name,
        at=now,
        reason=given.reason or None,
    )


def _named(verdicts: Sequence[PageVerdict]) -> Iterator[tuple[str, Verdict]]:
    for each in verdicts:
        at = datetime.fromtimestamp(each.at, UTC)
        verdict = Verdict(each.value, each.analyst, at, each.reason)
        yield from ((uid, verdict) for uid in each.uids)


@contextmanager
def _forgotten_when_refused(context: Context, verdicts: Sequence[PageVerdict]) -> Iterator[None]:
    """A verdict whose fate is not known is sent again under its key, and its time."""
    try:
        yield
    except ConnectorUnavailableError:
        raise
    except ConnectorError:
        context.label_queue.drop([each.key for each in verdicts])
        raise


def _audit(context: Context, action: str, connector: str, verdicts: Sequence[PageVerdict]) -> None:
    incidents = [uid for each in verdicts for uid in each.uids]
    details = {
        "incidents": len(incidents),
        "first": incidents[:_SHOWN],
        "labels": sorted({each.label for each in verdicts}),
        "origin": context.actor.origin,
    }
    context.store.audit.append(action, connector, details, actor=context.actor.name)
