"""Connectors that hide an outage, a secret or a connection, with one fault each."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar

from pydantic import BaseModel

from sftsec_core.api.contracts import ConnectorContext
from sftsec_core.api.domain import Detection, IncidentPage, LabelRequest, PullWindow, PushReceipt
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from tests.contract.ledger import LedgerConfig, LedgerConnector
from tests.contract.wrong import caught_by

log = logging.getLogger(__name__)

# --- the platform is away


@caught_by(
    "test_pull_from_an_unreachable_platform_is_an_error",
    "test_push_to_an_unreachable_platform_is_an_error",
    "test_check_names_an_unreachable_platform",
    "test_request_to_an_unreachable_platform_is_an_error",
)
class LetsTheRawExceptionOut(LedgerConnector):
    @contextmanager
    def translated(self) -> Iterator[None]:
        yield


@caught_by(
    "test_pull_from_an_unreachable_platform_is_an_error",
    "test_outage_between_two_pages_is_an_error",
)
class EndsQuietly(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        with suppress(ConnectorUnavailableError):
            yield from super().pull(window, cursor=cursor)


@caught_by("test_outage_between_two_pages_is_an_error")
class EndsQuietlyAfterAPage(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        pages = super().pull(window, cursor=cursor)
        first = next(pages, None)
        if first is not None:
            yield first
            with suppress(ConnectorUnavailableError):
                yield from pages


@caught_by("test_push_to_an_unreachable_platform_is_an_error")
class LosesPushes(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        try:
            return super().push(detections)
        except ConnectorUnavailableError:
            return PushReceipt()


@caught_by("test_push_to_an_unreachable_platform_is_an_error")
class RejectsDuringAnOutage(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        try:
            return super().push(detections)
        except ConnectorUnavailableError as error:
            return PushReceipt(rejected=tuple((each.uid, str(error)) for each in detections))


@caught_by("test_request_to_an_unreachable_platform_is_an_error")
class ForgetsRequests(LedgerConnector):
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        with suppress(ConnectorUnavailableError):
            return super().request_labels(requests)
        return 0


@caught_by("test_pull_from_an_unreachable_platform_is_an_error")
class SaysItInManyLines(LedgerConnector):
    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConnectorUnavailableError(f"Traceback:\n  File ...\n{error}") from error


@caught_by("test_check_names_an_unreachable_platform")
class NeverComplains(LedgerConnector):
    def check(self) -> Sequence[str]:
        return []


@caught_by("test_check_finds_nothing_wrong_where_all_is_well")
class AlwaysComplains(LedgerConnector):
    def check(self) -> Sequence[str]:
        return [*super().check(), "the certificate expires some day"]


@caught_by("test_check_finds_nothing_wrong_where_all_is_well")
class AnswersInAString(LedgerConnector):
    def check(self) -> Sequence[str]:
        super().check()
        return ""


# --- what is left open


@caught_by("test_close_leaves_nothing_open")
class LeavesConnections(LedgerConnector):
    def close(self) -> None:
        """Forget to close."""


@caught_by("test_close_leaves_nothing_open")
class OpensOneForEachPull(LedgerConnector):
    pool: ClassVar[list[sqlite3.Connection]] = []

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        self.pool.append(sqlite3.connect(self.config.folder / "ledger.db"))
        self.pool[-1].execute("SELECT 1 FROM records")
        yield from super().pull(window, cursor=cursor)


@caught_by("test_connector_may_be_closed_twice")
class ClosesOnce(LedgerConnector):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise ConnectorError("closed already")
        self.closed = True
        super().close()


# --- secrets


@caught_by("test_no_repr_shows_a_secret")
class ShowsTheTokenInItsRepr(LedgerConnector):
    def __repr__(self) -> str:
        return f"LedgerConnector({vars(self.ledger)})"


class PlainConfig(LedgerConfig):
    """The secret's value in the configuration, where it is shown."""

    value: str = ""

    def model_post_init(self, _context: object) -> None:
        object.__setattr__(self, "value", self.token.reveal())


@caught_by("test_no_repr_shows_a_secret")
class KeepsTheTokenInItsConfiguration(LedgerConnector):
    config_model: ClassVar[type[BaseModel]] = PlainConfig


@caught_by("test_no_repr_shows_a_secret")
class KeepsHeaders(LedgerConnector):
    def __init__(self, config: LedgerConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self.headers = {"Authorization": f"Bearer {self.ledger.token}"}


@caught_by("test_no_error_shows_a_secret")
class ShowsTheTokenInAnError(LedgerConnector):
    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            url = f"ledger://user:{self.ledger.token}@host"
            raise ConnectorUnavailableError(f"{url} does not answer") from error


@caught_by("test_no_error_shows_a_secret")
class ShowsTheTokenInTheCause(LedgerConnector):
    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            cause = RuntimeError(f"login with {self.ledger.token} failed: {error}")
            raise ConnectorUnavailableError("the ledger does not answer") from cause


@caught_by("test_no_log_line_shows_a_secret")
class LogsTheToken(LedgerConnector):
    def check(self) -> Sequence[str]:
        log.debug("GET /requests, Authorization: Bearer %s", self.ledger.token)
        return super().check()
