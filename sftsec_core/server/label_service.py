"""What `/v1/labels` answers, without HTTP: each call is by the owner of a token, and may block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Explanation, Permission
from sftsec_core.api.errors import (
    AuthorizationError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
    NotFoundError,
    SftsecError,
    StoreError,
)
from sftsec_core.operations.authorize import authorize_some, permitted
from sftsec_core.operations.judge_incidents import (
    GivenVerdict,
    GoneError,
    judge_incidents,
    retract_verdicts,
)
from sftsec_core.operations.list_label_queue import list_label_queue, list_page_verdicts
from sftsec_core.server.error_responses import ProblemError, unavailable
from sftsec_core.server.label_schemas import (
    LabelTask,
    QueueExplanation,
    QueueItem,
    QueueMark,
    QueueResponse,
    RetractionsRequest,
    SessionResponse,
    VerdictItem,
    VerdictsRequest,
    VerdictsResponse,
)

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor, Attribution
    from sftsec_core.config.serve import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.store.label_queue import PageVerdict, QueuedIncident

_IN_HISTORY = 300
_FIELDS_IN_HISTORY = 30
# Characters a part of the queue: one of long events is shorter.
_PART = 2_000_000
_RETRY_S = 5
_TURN_S = 10


class LabelService:
    """The queue and the verdicts, for those who may label."""

    def __init__(self, context: Context, settings: ServeSettings) -> None:
        self._context = context
        self._tasks = settings.tasks or tuple(context.settings.tasks)
        # A connector's verdicts are written one request after the other.
        self._writes = Lock()

    def session(self, who: Actor) -> SessionResponse:
        """Who asks, and which tasks and labels there are for them."""
        with as_problems():
            tasks = {name: self._context.task(name) for name in self._tasks_of(who)}
        found = [
            LabelTask(task=name, labels=list(task.labels), benign=task.benign)
            for name, task in tasks.items()
        ]
        return SessionResponse(analyst=who.name, tasks=found)

    def version(self, who: Actor) -> str:
        """Name the state of queue and verdicts: it is another one after each change."""
        with as_problems():
            authorize_some(who, Permission.LABEL)
            return self._context.label_queue.version()

    def queue(self, who: Actor, task: str | None, after: int | None, limit: int) -> QueueResponse:
        """What waits for a verdict.

        Raises:
            AuthorizationError: when they may not label on the task.
            ProblemError: when there is no such task.
        """
        with as_problems():
            tasks = self._named(who, task)
            page = list_label_queue(self._as(who), tasks, after=after, limit=limit)
        items, after, left = list[QueueItem](), page.after, _PART
        for each in page.incidents:
            left -= sum(map(len, each.fields.values()))
            if left < 0 and items:
                after = items[-1].id
                break
            items.append(_item(each))
        return QueueResponse(items=items, after=after, waiting=page.waiting)

    def verdicts(self, who: Actor, limit: int) -> VerdictsResponse:
        """The last verdicts of all analysts."""
        with as_problems():
            found = list_page_verdicts(self._as(who), self._tasks_of(who), limit=limit)
        return VerdictsResponse(verdicts=[_said(*each) for each in found])

    def judge(self, who: Actor, request: VerdictsRequest) -> VerdictsResponse:
        """Keep verdicts of the token's owner."""
        given = [
            GivenVerdict(each.key, each.id, each.label, (each.reason or "").strip() or None)
            for each in request.verdicts
        ]
        return self._write(who, lambda analyst: judge_incidents(analyst, given, self._tasks))

    def retract(self, who: Actor, request: RetractionsRequest) -> VerdictsResponse:
        """Take verdicts of the token's owner back."""
        return self._write(who, lambda analyst: retract_verdicts(analyst, request.keys))

    def _write(
        self, who: Actor, write: Callable[[Context], Sequence[PageVerdict]]
    ) -> VerdictsResponse:
        with as_problems(), self.turn():
            done = write(self._as(who))
        return VerdictsResponse(verdicts=[_said(each, None) for each in done])

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Write alone; others wait.

        Raises:
            ProblemError: 503 when it is not one's turn for long.
        """
        # Those that wait for a platform that does not answer must not hold every thread.
        if not self._writes.acquire(timeout=_TURN_S):
            raise unavailable("other verdicts are being written: send it again", seconds=_RETRY_S)
        try:
            yield
        finally:
            self._writes.release()

    def _as(self, who: Actor) -> Context:
        return self._context.acting_as(who)

    def _tasks_of(self, who: Actor) -> Sequence[str]:
        authorize_some(who, Permission.LABEL)
        return permitted(who, Permission.LABEL, self._tasks)

    def _named(self, who: Actor, task: str | None) -> Sequence[str]:
        if task is None:
            return self._tasks_of(who)
        if task not in self._tasks:
            raise NotFoundError("task", task, self._tasks)
        return (task,)


@contextmanager
def as_problems() -> Iterator[None]:
    """Answer with the status of an operation's error."""
    try:
        yield
    except AuthorizationError:  # the application answers it, and writes it to the audit log
        raise
    except NotFoundError as error:
        raise ProblemError(404, str(error)) from error
    except GoneError as error:
        raise ProblemError(409, str(error)) from error
    except DataError as error:
        raise ProblemError(422, str(error)) from error
    except (ConnectorUnavailableError, StoreError) as error:
        raise unavailable(str(error), seconds=_RETRY_S) from error
    except (ConnectorError, SftsecError) as error:
        raise ProblemError(502, str(error)) from error


def _item(each: QueuedIncident) -> QueueItem:
    return QueueItem(
        id=each.place,
        task=each.task,
        connector=each.connector,
        incident=each.uid,
        copies=len(each.copies),
        label=each.label,
        probability=each.probability,
        reason=each.reason,
        at=each.at,
        requested=each.requested,
        fields=dict(each.fields),
        cut=dict(each.cut),
        explanation=_explanation(each),
    )


def _explanation(each: QueuedIncident) -> QueueExplanation | None:
    """What the model goes by; None where that is not known, or was kept by another version."""
    if each.explanation is None:
        return None
    try:
        found = Explanation.from_json(each.explanation)
    except (KeyError, TypeError):
        return None
    marks = [
        QueueMark(
            input=one.input,
            words=one.words,
            contribution=one.contribution,
            span=_within(one, each.fields),
        )
        for one in found.attributions
    ]
    return QueueExplanation(label=found.label, against=found.against, text=found.text, marks=marks)


def _within(one: Attribution, fields: Mapping[str, str]) -> tuple[int, int] | None:
    """Its place in the field as it is shown, which may be cut."""
    text = fields.get(one.input, "")
    return None if one.span is None or not 0 <= one.span[0] < one.span[1] <= len(text) else one.span


def _said(each: PageVerdict, incident: QueuedIncident | None) -> VerdictItem:
    shown = {} if incident is None else incident.fields
    fields = {name: text[:_IN_HISTORY] for name, text in list(shown.items())[:_FIELDS_IN_HISTORY]}
    return VerdictItem(
        key=each.key,
        id=each.place,
        task=each.task,
        incident=each.uid,
        copies=len(each.uids) - 1,
        label=each.label,
        analyst=each.analyst,
        at=each.at,
        reason=each.reason,
        retracted=each.retracted,
        fields=fields,
        event_at=None if incident is None else incident.at,
    )
