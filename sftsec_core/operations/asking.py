"""Requests for verdicts: to the platform, and on the labelling page of `sftsec serve`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import TakesVerdicts
from sftsec_core.api.domain import Message
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.operations.authorize import ADMIN, ANALYST
from sftsec_core.store.label_queue import LabellingQueue, QueuedIncident
from sftsec_core.store.shown_fields import bounded_fields

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import LabelRequest
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class RequestsOnPage:
    """The requests of a task on the page, for the incidents of one connector."""

    queue: LabellingQueue
    connector: str

    @classmethod
    def of(cls, context: Context, name: str, source: str) -> RequestsOnPage | None:
        """Look whether a connector's incidents are shown on the page at all.

        Only where somebody may label there, and where the connector keeps what is said: the queue
        holds events, and a page of verdicts that go nowhere would be work lost.

        Args:
            context: says who may label; a connector that keeps no verdicts is told as a warning.
            name: the task.
            source: the connector's name.

        Raises:
            ConnectorUnavailableError: when the connector does not answer.
        """
        if not may_label(context) or not _keeps_verdicts(context, source):
            return None
        context.label_queue.settle(name, source, context.store.label_requests.judged(name, source))
        return cls(context.label_queue, source)

    def show(
        self,
        requests: Sequence[LabelRequest],
        copies: Mapping[str, tuple[str, ...]] | None = None,
    ) -> int:
        """Put requests on the page; return how many are new there.

        Args:
            requests: the most wanted first.
            copies: an incident's uid to those of others with the same inputs.
        """
        known = copies or {}
        return self.queue.add([_queued(each, self.connector, known) for each in requests])


def ask_platform(
    context: Context,
    connector: Connector,
    requests: Sequence[LabelRequest],
    page: RequestsOnPage | None,
) -> int:
    """Ask the platform's analysts; return how many requests are new.

    A platform that cannot ask is no error where the page shows the incidents.

    Raises:
        ConnectorUnavailableError: when the platform does not answer.
        ConnectorError: when it cannot ask, and the page does not show its incidents.
    """
    try:
        return connector.request_labels(requests)
    except ConnectorUnavailableError:
        raise
    except ConnectorError as error:
        if page is None:
            raise
        text = f"{page.connector}: verdicts are requested on the page /label alone: {error}"
        context.emit(Message(text=text))
        return 0


def requester(
    context: Context, name: str, source: str, connector: Connector
) -> Callable[[Sequence[LabelRequest]], int]:
    """What asks a connector's analysts wherever they are, and returns how many requests are new.

    Args:
        context: says who may label on the page.
        name: the task.
        source: the connector's name.
        connector: the same, opened.
    """

    @cache
    def page() -> RequestsOnPage | None:
        return RequestsOnPage.of(context, name, source)

    def request(requests: Sequence[LabelRequest]) -> int:
        shown = page()
        new = shown.show(requests) if shown is not None else 0
        return max(new, ask_platform(context, connector, requests, shown))

    return request


def may_label(context: Context) -> bool:
    """Whether anyone at all may label on the page."""
    access = context.settings.access
    if context.settings.serve.analysts or (access is not None and access.oidc is not None):
        return True
    return any(context.store.tokens.any_valid(role) for role in (ANALYST, ADMIN))


def _keeps_verdicts(context: Context, source: str) -> bool:
    with context.connector(source) as connector:
        try:
            if isinstance(connector, TakesVerdicts):
                connector.add_verdicts(())
                return True
        except ConnectorUnavailableError:
            raise
        except ConnectorError as error:
            text = f"{source}: not on the page /label, since it keeps no verdicts: {error}"
            context.emit(Message(text=text, level="warning"))
    return False


def _queued(
    request: LabelRequest, connector: str, copies: Mapping[str, tuple[str, ...]]
) -> QueuedIncident:
    fields, cut = bounded_fields(request.fields)
    return QueuedIncident(
        task=request.task,
        connector=connector,
        uid=request.incident_uid,
        digest=request.inputs_digest or f"uid {request.incident_uid}",
        label=request.label,
        probability=request.probability,
        reason=request.reason,
        at=None if request.at is None else request.at.timestamp(),
        fields=fields,
        cut=cut,
        explanation=None if request.explanation is None else request.explanation.to_json(),
        copies=copies.get(request.incident_uid, ()),
    )
