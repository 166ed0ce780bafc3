"""Push what the outbox holds, so that each detection reaches the SIEM once.

Rows are claimed, pushed and settled a batch at a time; the receipt is recorded in one
transaction. Killed between the push and the receipt, the next call pushes the batch again and
the connector answers "duplicate", which counts as delivered.

Three kinds of failure, three answers. The platform does not answer: the call ends and the rows
stay pending; nothing is retried here, because the connector has done so already up to its
`retry_timeout`. The connector is at fault (a wrong password: its `check` reports a problem, or
nothing at all is accepted): the call ends with its error and the rows stay pending. One detection
is at fault: the batch is halved until it is alone, the others are pushed, and after a few failed
deliveries it goes to quarantine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sftsec_core.api.domain import PushReceipt, Rejection
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.store.canonical import digest
from sftsec_core.store.outbox import DUPLICATE, WRITTEN, Claimed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.api.contracts import Connector
    from sftsec_core.store.store import Store

_UNMENTIONED = "the connector's receipt does not mention it"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How to push.

    Attributes:
        batch: detections a push.
        give_up_after: failed deliveries after which a detection goes to quarantine.
    """

    batch: int = 500
    give_up_after: int = 3


@dataclass(slots=True)
class DeliveryCounts:
    """The state of the outbox.

    Attributes:
        written: detections that are new on the platform.
        duplicates: those that were there already.
        rejected: those that go to quarantine.
        postponed: those that failed alone and stay pending for the next delivery.
        pending: all that is still pending for this connector, claimed or not.
        unavailable: why the delivery ended early; None when it did not.
    """

    written: int = 0
    duplicates: int = 0
    rejected: int = 0
    postponed: int = 0
    pending: int = 0
    unavailable: str | None = None

    def delivered(self) -> int:
        """Detections that the platform has, new or not."""
        return self.written + self.duplicates

    def plus(self, other: DeliveryCounts) -> DeliveryCounts:
        """The counts of two destinations together."""
        return DeliveryCounts(
            self.written + other.written,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            self.postponed + other.postponed,
            self.pending + other.pending,
            self.unavailable or other.unavailable,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as a JSON value."""
        names = ("written", "duplicates", "rejected", "postponed", "pending", "unavailable")
        return {name: getattr(self, name) for name in names}


def deliver(
    store: Store,
    connector: Connector,
    name: str,
    *,
    run_id: str | None = None,
    settings: DeliverySettings | None = None,
    on_receipt: Callable[[str, PushReceipt], None] = lambda _name, _receipt: None,
) -> DeliveryCounts:
    """Push everything that is pending for a connector and that no other process holds.

    Args:
        store: holds the outbox.
        connector: the destination.
        name: its name in the configuration.
        run_id: the run that delivers; None outside of one.
        settings: how to push.
        on_receipt: called with the name and the receipt of each recorded batch.

    Returns:
        The counts; `unavailable` says why when the connection was lost.

    Raises:
        ConnectorError: when the connector rejects everything; the rows stay pending.
        StoreError: when the store fails.
    """
    delivery = _Delivery(store, connector, name, run_id, settings or DeliverySettings())
    delivery.on_receipt = on_receipt
    if run_id is not None:
        # Claims of a run end with its lease, also when its process is killed.
        delivery.owner = store.runs.holder
    try:
        delivery.run()
    except ConnectorUnavailableError as error:
        log.warning("delivery to %s ends early: %s", name, error)
        delivery.counts.unavailable = str(error)
    finally:
        store.outbox.release(delivery.owner)
    delivery.counts.pending = store.outbox.pending(name)
    return delivery.counts


@dataclass(slots=True)
class _BatchResult:
    """A batch after all its pushes: the receipts, what failed alone, and whether none was made."""

    receipts: list[PushReceipt] = field(default_factory=list)
    failed: list[tuple[Claimed, Exception]] = field(default_factory=list)
    checked: bool = False
    fresh: bool = True


@dataclass(slots=True)
class _Delivery:
    """One call of `deliver`."""

    store: Store
    connector: Connector
    name: str
    run_id: str | None
    settings: DeliverySettings
    on_receipt: Callable[[str, PushReceipt], None] = lambda _name, _receipt: None
    owner: str = field(default_factory=lambda: f"delivery:{uuid4().hex}")
    counts: DeliveryCounts = field(default_factory=DeliveryCounts)
    failed: set[int] = field(default_factory=set)

    def run(self) -> None:
        # What failed before comes last: it cannot hold up what is new.
        for retries in (False, True):
            last = 0
            while batch := self.store.outbox.claim(
                self.name, self.owner, limit=self.settings.batch, after=last, retries=retries
            ):
                last = batch[-1].id
                self._handle([row for row in batch if row.id not in self.failed])

    def _handle(self, batch: Sequence[Claimed]) -> None:
        result = _BatchResult()
        try:
            if batch:
                self._push(batch, result)
        except ConnectorUnavailableError:
            # What went through before the connection was lost is still recorded.
            self._record(batch, result, whole=False)
            raise
        self._record(batch, result, whole=True)
        if result.failed and not result.receipts and not self.counts.delivered():
            raise self._as_connector_error(result.failed[0][1])

    # --- pushing

    def _push(self, rows: Sequence[Claimed], result: _BatchResult) -> None:
        """Push rows; halve them on an error until what is at fault stands alone."""
        try:
            result.receipts.append(self._push_once(rows, result))
        except ConnectorUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's connector
            self._refuse_if_connector_is_at_fault(error, result)
            if len(rows) == 1:
                result.failed.append((rows[0], error))
                return
            middle = len(rows) // 2
            self._push(rows[:middle], result)
            self._push(rows[middle:], result)

    def _push_once(self, rows: Sequence[Claimed], result: _BatchResult) -> PushReceipt:
        if not result.fresh:
            # A push takes time: what another process has claimed in the meantime is left to it.
            held = self.store.outbox.renew(self.owner, [row.id for row in rows])
            rows = [row for row in rows if row.id in held]
        result.fresh = False
        return self.connector.push([row.detection for row in rows]) if rows else PushReceipt()

    def _refuse_if_connector_is_at_fault(self, error: Exception, result: _BatchResult) -> None:
        """Let the connector check itself before single detections are blamed for its error."""
        if result.checked:
            return
        result.checked = True
        try:
            problems = list(self.connector.check())
        except Exception as unreachable:  # noqa: BLE001 - as above
            raise self._as_connector_error(unreachable) from error
        if problems:
            raise ConnectorError("; ".join(problems), connector=self.name) from error

    def _as_connector_error(self, error: Exception) -> ConnectorError:
        if isinstance(error, ConnectorError):
            return error
        return ConnectorError(f"push failed ({type(error).__name__})", connector=self.name)

    # --- recording

    def _record(self, batch: Sequence[Claimed], result: _BatchResult, *, whole: bool) -> None:
        """Settle a batch in one transaction, then tell the observers."""
        receipt = _joined(result.receipts, {row.detection.uid for row in batch})
        failed = [(row, _reason(error)) for row, error in result.failed]
        if whole and result.receipts:
            named = {*receipt.written, *receipt.duplicates, *dict(receipt.rejected)}
            named |= {row.detection.uid for row, _ in failed}
            failed += [(row, _UNMENTIONED) for row in batch if row.detection.uid not in named]
        if not (failed or receipt.written or receipt.duplicates or receipt.rejected):
            return
        self.failed.update(row.id for row, _ in failed)
        works = bool(result.receipts) or self.counts.delivered() > 0
        with self.store.writing() as connection:
            given_up = self._settle(receipt, failed, works=works, to=connection)
            self._audit(receipt, given_up, connection)
        self._count(receipt, given_up, len(failed))
        self.on_receipt(self.name, PushReceipt(receipt.written, receipt.duplicates, given_up))

    def _settle(
        self,
        receipt: PushReceipt,
        failed: Sequence[tuple[Claimed, str]],
        *,
        works: bool,
        to: Connection,
    ) -> list[tuple[str, str]]:
        """Write all of it; return what goes to quarantine, with the reasons."""
        outbox = self.store.outbox
        outbox.deliver(self.name, receipt.written, WRITTEN, joined=to)
        outbox.deliver(self.name, receipt.duplicates, DUPLICATE, joined=to)
        given_up = list(receipt.rejected)
        for row, reason in failed:
            # Only blamed for good when the connector takes others at the same time.
            if works and row.attempts + 1 >= self.settings.give_up_after:
                given_up.append((row.detection.uid, reason))
            else:
                outbox.postpone(self.owner, row.id, reason, joined=to)
        for uid, reason in given_up:
            outbox.reject(self.name, uid, reason, joined=to)
        rejections = [Rejection(f"detection {uid}", why, digest(uid)) for uid, why in given_up]
        self.store.quarantine.add(self.name, rejections, run_id=self.run_id, joined=to)
        return given_up

    def _audit(
        self, receipt: PushReceipt, given_up: Sequence[tuple[str, str]], to: Connection
    ) -> None:
        details = {
            "written": len(receipt.written),
            "duplicates": len(receipt.duplicates),
            "rejected": len(given_up),
            "run": self.run_id,
        }
        if receipt.written or receipt.duplicates or given_up:
            self.store.audit.append("detections.pushed", self.name, details, joined=to)

    def _count(
        self, receipt: PushReceipt, given_up: Sequence[tuple[str, str]], failed: int
    ) -> None:
        rejected = len(given_up)
        self.counts.written += len(receipt.written)
        self.counts.duplicates += len(receipt.duplicates)
        self.counts.rejected += rejected
        self.counts.postponed += failed - (rejected - len(receipt.rejected))


def _joined(receipts: Sequence[PushReceipt], sent: set[str]) -> PushReceipt:
    """Make the receipts of a batch's pushes one: each uid that was sent, once, best news first."""
    seen: set[str] = set()

    def fresh(uid: str) -> bool:
        if uid not in sent or uid in seen:
            return False
        seen.add(uid)
        return True

    written = [uid for one in receipts for uid in one.written if fresh(uid)]
    duplicates = [uid for one in receipts for uid in one.duplicates if fresh(uid)]
    rejected = [(uid, why) for one in receipts for uid, why in one.rejected if fresh(uid)]
    return PushReceipt(written, duplicates, rejected)


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectorError):
        return str(error)
    # The message of a plugin's error may repeat the detection.
    return f"push failed ({type(error).__name__})"
