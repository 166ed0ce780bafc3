"""Tells of events in a thread of its own: a receiver that is slow or gone holds up nothing."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sftsec_core.notify.mail import send_mail
from sftsec_core.notify.notice import Notice, notice_of
from sftsec_core.notify.siem import send_event
from sftsec_core.notify.webhook import send_webhook
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import Event
    from sftsec_core.config.notify import NotifySettings
    from sftsec_core.store.store import Store

    OpenConnector = Callable[[str], AbstractContextManager[Connector]]

log = logging.getLogger(__name__)
RETRY_TIMEOUT = timedelta(seconds=60)
_CLOSE_S = 30.0  # waited at the end of a command for what is being sent
_WAITING = 1000  # notices; more are dropped with a line in the log


@dataclass(frozen=True, slots=True)
class _Order:
    name: str
    settings: NotifySettings
    notice: Notice


class Notifier:
    """Takes events; tells each place of what it wants to know, once within its cool-down.

    The store knows what was told: two processes that see the same tell of it once.
    """

    def __init__(
        self,
        places: Mapping[str, NotifySettings],
        store: Store,
        base: Path,
        sleep: Callable[[float], None] = time.sleep,
        open_connector: OpenConnector | None = None,
    ) -> None:
        """Prepare; a thread is started with the first notice.

        Args:
            places: `notify` of the configuration.
            store: keeps what was told.
            base: the folder that relative paths of secrets start from.
            sleep: waits between two attempts.
            open_connector: opens a connector by its name; None where no place names one.
        """
        self._places = places
        self._store = store
        self._base = base
        self._open_connector = open_connector
        self._retry = RetryPolicy(RETRY_TIMEOUT, sleep)
        self._queue: queue.Queue[_Order | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Take an event; returns at once."""
        notice = notice_of(event)
        if notice is None:
            return
        for name, settings in self._places.items():
            its_task = not settings.tasks or notice.task in settings.tasks
            if its_task and notice.kind in settings.events:
                self._put(_Order(name, settings, notice))

    def close(self) -> None:
        """Wait for what is being sent, 30 s at most; what is left then is not told."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            log.warning("notifications wait that are not sent any more")
            return
        thread.join(_CLOSE_S)
        if thread.is_alive():
            log.warning("a notification is not sent: its receiver does not answer")

    def _put(self, order: _Order) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(order)
        except queue.Full:
            log.warning("%s is not told: %s", order.name, order.notice.title)

    def _work(self) -> None:
        while (order := self._queue.get()) is not None:
            try:
                self._tell(order)
            except Exception as error:  # noqa: BLE001 - nothing that tells may end what it tells of
                log.warning("%s is not told: %s", order.name, error)

    def _tell(self, order: _Order) -> None:
        for channel, send in self._channels(order):
            place = f"{order.name}/{channel}"
            key = f"{place}/{order.notice.kind}/{order.notice.task}/{order.notice.subject}"
            claim = self._store.notices.claim(key, order.settings.cool_down)
            if claim is None:
                continue
            details = {"kind": order.notice.kind, "task": order.notice.task}
            try:
                self._retry(lambda send=send, number=claim.number: send(number))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - the other channel is still to be told
                self._store.notices.release(claim)
                log.warning("%s is not told: %s", place, error)
                details["error"] = " ".join(str(error).split())
                self._store.audit.append("notification.failed", place, details)
            else:
                self._store.audit.append("notification.sent", place, details)

    def _channels(self, order: _Order) -> Iterator[tuple[str, Callable[[str], None]]]:
        settings, notice = order.settings, order.notice
        webhook, mail = settings.webhook, settings.mail
        if webhook is not None:
            yield (
                "webhook",
                lambda number: send_webhook(webhook, notice, number, utc_now, self._base),
            )
        if mail is not None:
            yield "mail", lambda number: send_mail(mail, notice, number, utc_now)
        name, open_connector = settings.connector, self._open_connector
        if name is not None and open_connector is not None:
            actor = self._store.audit.actor or ""
            yield (
                "connector",
                lambda number: send_event(name, open_connector, notice, number, utc_now, actor),
            )
