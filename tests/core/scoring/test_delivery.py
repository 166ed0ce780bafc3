"""Delivery: resumed, not repeated, and one poisoned detection holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from sftsec_core.api.domain import Detection, PushReceipt
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.scoring.delivery import DeliverySettings, deliver
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_core.store.store import Store
from tests.core.scoring.parts import Pages, files

Push = Callable[[Sequence[Detection]], PushReceipt]


class Siem(Pages):
    """Takes detections in memory; `before` may spoil a push."""

    def __init__(self, before: Callable[[Sequence[Detection]], None] = lambda _given: None) -> None:
        super().__init__([])
        self.before = before
        self.held: dict[str, Detection] = {}
        self.problems: list[str] = []
        self.pushes = 0

    def check(self) -> Sequence[str]:
        return self.problems

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        self.pushes += 1
        self.before(detections)
        there = [one.uid for one in detections if one.uid in self.held]
        new = [one.uid for one in detections if one.uid not in self.held]
        self.held |= {one.uid: one for one in detections}
        return PushReceipt(new, there)


def detection(number: int) -> Detection:
    return Detection(f"{number:040d}", f"incident {number}", "mail", "d" * 64, "spam", 0.9, 0.5)


def fill(store: Store, numbers: range) -> list[str]:
    given = [detection(number) for number in numbers]
    store.outbox.add("siem", given)
    return [one.uid for one in given]


def quick(**changes: object) -> DeliverySettings:
    return DeliverySettings(**{"batch": 4, **changes})  # type: ignore[arg-type]


def states(store: Store) -> dict[str, int]:
    return {one.status: one.detections for one in store.outbox.counts("siem")}


def poison(*bad: str, error: Exception | None = None) -> Callable[[Sequence[Detection]], None]:
    def spoil(given: Sequence[Detection]) -> None:
        if any(one.uid in bad for one in given):
            raise error or RuntimeError("the secret words of the record")

    return spoil


class TestDeliver:
    def test_pushes_in_batches_and_records(self, store: Store) -> None:
        uids = fill(store, range(10))
        siem, receipts = Siem(), []
        counts = deliver(
            store, siem, "siem", settings=quick(), on_receipt=lambda *given: receipts.append(given)
        )
        assert (counts.written, counts.pending, siem.pushes) == (10, 0, 3)
        assert list(siem.held) == uids
        assert states(store) == {"delivered": 10}
        assert [(name, len(receipt.written)) for name, receipt in receipts] == [
            ("siem", 4),
            ("siem", 4),
            ("siem", 2),
        ]
        assert sum(one.details["written"] for one in store.audit.tail()) == 10

    def test_pushes_nothing_a_second_time(self, store: Store) -> None:
        fill(store, range(3))
        siem = Siem()
        deliver(store, siem, "siem", settings=quick())
        assert deliver(store, siem, "siem", settings=quick()).delivered() == 0
        assert siem.pushes == 1

    def test_counts_duplicates_as_delivered(self, store: Store) -> None:
        fill(store, range(3))
        siem = Siem()
        siem.held[detection(1).uid] = detection(1)
        counts = deliver(store, siem, "siem", settings=quick())
        assert (counts.written, counts.duplicates, counts.pending) == (2, 1, 0)

    def test_writes_each_detection_once_to_files(self, store: Store, tmp_path: Path) -> None:
        fill(store, range(9))
        (tmp_path / "in.jsonl").write_text("")
        assert deliver(store, files(tmp_path), "siem", settings=quick()).written == 9
        assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 9


class TestConnectorErrors:
    def test_lost_connection_leaves_rows_pending(self, store: Store) -> None:
        fill(store, range(10))

        def down_after_one_batch(_given: object) -> None:
            if siem.held:
                raise ConnectorUnavailableError("no answer", connector="siem")

        siem = Siem(down_after_one_batch)
        counts = deliver(store, siem, "siem", settings=quick())
        assert (counts.written, counts.pending) == (4, 6)
        assert counts.unavailable == "connector 'siem': no answer"
        assert siem.pushes == 1 + 1, "the connector has retried: nothing is repeated around it"
        siem.before = lambda _given: None
        assert deliver(store, siem, "siem", settings=quick()).written == 6

    def test_only_the_connectors_policy_retries(self, store: Store) -> None:
        fill(store, range(3))
        attempts: list[int] = []

        class Retrying(Siem):
            retry = RetryPolicy(timedelta(seconds=0.3))

            def push(self, detections: Sequence[Detection]) -> PushReceipt:
                self.pushes += 1
                return self.retry(lambda: self.attempt(detections))

            def attempt(self, detections: Sequence[Detection]) -> PushReceipt:
                attempts.append(len(detections))
                raise ConnectorUnavailableError("no answer")

        siem = Retrying()
        counts = deliver(store, siem, "siem", settings=quick())
        assert (siem.pushes, counts.pending) == (1, 3)
        assert len(attempts) >= 2

    def test_failing_connector_blames_no_detection(
        self,
        store: Store,
    ) -> None:
        uids = fill(store, range(10))
        siem = Siem(poison(*uids))
        for _ in range(5):
            with pytest.raises(ConnectorError, match=r"push failed \(RuntimeError\)"):
                deliver(store, siem, "siem", settings=quick())
        assert states(store) == {"pending": 10}
        siem.before = lambda _given: None
        assert deliver(store, siem, "siem", settings=quick()).written == 10

    def test_named_cause_needs_one_push(self, store: Store) -> None:
        uids = fill(store, range(10))
        siem = Siem(poison(*uids, error=ConnectorError("401")))
        siem.problems = ["the token is not accepted: make a new one"]
        with pytest.raises(ConnectorError, match="'siem': the token is not accepted"):
            deliver(store, siem, "siem", settings=quick())
        assert siem.pushes == 1
        assert [row.attempts for row in store.outbox.claim("siem", uuid4().hex, limit=99)] == (
            [0] * 10
        )

    def test_receipt_counts_only_what_was_sent(
        self,
        store: Store,
    ) -> None:
        uids = fill(store, range(2))
        other = fill(store, range(50, 51))
        claimer = uuid4().hex
        store.outbox.claim("siem", claimer, limit=1, after=2)

        class Forgetful(Siem):
            def push(self, detections: Sequence[Detection]) -> PushReceipt:
                del detections
                return PushReceipt([uids[0], *other, "f" * 40])

        counts = deliver(store, Forgetful(), "siem", settings=quick())
        assert (counts.written, counts.postponed, counts.pending) == (1, 1, 2)


class TestRejected:
    def test_detections_go_to_quarantine(self, store: Store) -> None:
        uids = fill(store, range(3))

        class Picky(Siem):
            def push(self, detections: Sequence[Detection]) -> PushReceipt:
                return PushReceipt([uids[0], uids[2]], [], [(uids[1], "mapping conflict")])

        counts = deliver(store, Picky(), "siem", run_id="run-1", settings=quick())
        assert (counts.written, counts.rejected, counts.pending) == (2, 1, 0)
        (kept,) = store.quarantine.list("siem")
        assert (kept.where, kept.reason) == (f"detection {uids[1]}", "mapping conflict")
        assert states(store) == {"delivered": 2, "rejected": 1}

    def test_detection_holds_up_no_other(self, store: Store) -> None:
        uids = fill(store, range(10))
        siem = Siem(poison(uids[1], uids[9]))
        counts = deliver(store, siem, "siem", settings=quick())
        assert (counts.written, counts.postponed, counts.pending) == (8, 2, 2)
        for first, pending in ((20, 2), (30, 0)):
            fill(store, range(first, first + 2))
            counts = deliver(store, siem, "siem", settings=quick())
            assert (counts.written, counts.pending) == (2, pending)
        assert states(store) == {"delivered": 12, "rejected": 2}
        kept = store.quarantine.list("siem")
        assert {one.where for one in kept} == {f"detection {uids[1]}", f"detection {uids[9]}"}
        assert {one.reason for one in kept} == {"push failed (RuntimeError)"}


class TestClaims:
    def test_of_another_process_are_left(self, store: Store) -> None:
        fill(store, range(4))
        store.outbox.claim("siem", uuid4().hex, limit=3)
        counts = deliver(store, Siem(), "siem", settings=quick())
        assert (counts.written, counts.pending) == (1, 3)

    def test_taken_over_are_not_pushed_again(self, store: Store) -> None:
        uids = fill(store, range(2))

        def lose_both(_given: object) -> None:
            if siem.pushes == 1:
                store.outbox.deliver("siem", uids, "written")
                raise RuntimeError("the first push fails, and its halves are tried")

        siem = Siem(lose_both)
        counts = deliver(store, siem, "siem", settings=quick())
        assert (siem.pushes, counts.delivered(), counts.pending) == (1, 0, 0)
        assert siem.held == {}

    def test_are_given_back_when_interrupted(self, store: Store) -> None:
        fill(store, range(3))

        def interrupt(_given: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            deliver(store, Siem(interrupt), "siem", settings=quick())
        assert len(store.outbox.claim("siem", uuid4().hex, limit=9)) == 3
