"""What `/v1/labels` answers, without HTTP: each call is by the owner of a token, and may block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Actor, Permission
from sftsec_core.api.errors import (
    AuthorizationError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
    NotFoundError,
    SftsecError,
    StoreError,
)
from sftsec_core.operations.authorize import ANALYST, authorize
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
    QueueItem,
    QueueResponse,
    RetractionsRequest,
    SessionResponse,
    VerdictItem,
    VerdictsRequest,
    VerdictsResponse,
)

if TYPE_CHECKING:
    from sftsec_core.config.settings import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.store.label_queue import PageVerdict, QueuedIncident

_IN_HISTORY = 300
_FIELDS_IN_HISTORY = 30
# Characters a part of the queue: one of long events is shorter.
_PART = 2_000_000
_RETRY_S = 5
_TURN_S = 10


class LabelService:
    """The queue and the verdicts, for the analysts that the configuration names."""

    def __init__(self, context: Context, settings: ServeSettings) -> None:
        self._context = context
        self._analysts = frozenset(settings.analysts)
        self._tasks = settings.tasks or tuple(context.settings.tasks)
        # A connector's verdicts are written one request after the other.
        self._writes = Lock()

    def session(self, owner: str | None) -> SessionResponse:
        """Who asks, and which tasks and labels there are."""
        analyst = self._analyst(owner)
        with _as_problems():
            authorize(analyst.actor, Permission.LABEL)
            tasks = {name: analyst.task(name) for name in self._tasks}
        found = [
            LabelTask(task=name, labels=list(task.labels), benign=task.benign)
            for name, task in tasks.items()
        ]
        return SessionResponse(analyst=analyst.actor.name, tasks=found)

    def version(self, owner: str | None) -> str:
        """Name the state of queue and verdicts: it is another one after each change."""
        with _as_problems():
            authorize(self._analyst(owner).actor, Permission.LABEL)
            return self._context.label_queue.version()

    def queue(
        self, owner: str | None, task: str | None, after: int | None, limit: int
    ) -> QueueResponse:
        """What waits for a verdict.

        Raises:
            ProblemError: when the owner may not label, or there is no such task.
        """
        with _as_problems():
            tasks = self._named(task)
            page = list_label_queue(self._analyst(owner), tasks, after=after, limit=limit)
        items, after, left = list[QueueItem](), page.after, _PART
        for each in page.incidents:
            left -= sum(map(len, each.fields.values()))
            if left < 0 and items:
                after = items[-1].id
                break
            items.append(_item(each))
        return QueueResponse(items=items, after=after, waiting=page.waiting)

    def verdicts(self, owner: str | None, limit: int) -> VerdictsResponse:
        """The last verdicts of all analysts."""
        with _as_problems():
            found = list_page_verdicts(self._analyst(owner), self._tasks, limit=limit)
        return VerdictsResponse(verdicts=[_said(*each) for each in found])

    def judge(self, owner: str | None, request: VerdictsRequest) -> VerdictsResponse:
        """Keep verdicts of the token's owner."""
        given = [
            GivenVerdict(each.key, each.id, each.label, (each.reason or "").strip() or None)
            for each in request.verdicts
        ]
        return self._write(owner, lambda analyst: judge_incidents(analyst, given, self._tasks))

    def retract(self, owner: str | None, request: RetractionsRequest) -> VerdictsResponse:
        """Take verdicts of the token's owner back."""
        return self._write(owner, lambda analyst: retract_verdicts(analyst, request.keys))

    def _write(
        self, owner: str | None, write: Callable[[Context], Sequence[PageVerdict]]
    ) -> VerdictsResponse:
        with _as_problems(), self._turn():
            done = write(self._analyst(owner))
        return VerdictsResponse(verdicts=[_said(each, None) for each in done])

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Those that wait for a platform that does not answer must not hold every thread.
        if not self._writes.acquire(timeout=_TURN_S):
            raise unavailable("other verdicts are being written: send it again", seconds=_RETRY_S)
        try:
            yield
        finally:
            self._writes.release()

    def _analyst(self, owner: str | None) -> Context:
        roles = frozenset({ANALYST}) if owner in self._analysts else frozenset[str]()
        return self._context.acting_as(Actor(owner or "nobody", roles, "server"))

    def _named(self, task: str | None) -> Sequence[str]:
        if task is None:
            return self._tasks
        if task not in self._tasks:
            raise NotFoundError("task", task, self._tasks)
        return (task,)


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except AuthorizationError as error:
        detail = f"{error}; serve.analysts of sftsec.yaml names the tokens that may label"
        raise ProblemError(403, detail) from error
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
    )


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
