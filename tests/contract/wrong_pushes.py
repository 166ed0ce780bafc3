"""Connectors whose pushes and requests are wrong, with one fault each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sftsec_core.api.contracts import ConnectorContext
from sftsec_core.api.domain import Detection, LabelRequest, PushReceipt
from sftsec_core.api.errors import ConnectorError
from tests.contract.ledger import LedgerConfig, LedgerConnector, RefusedError
from tests.contract.wrong import caught_by

# --- what is written


@caught_by(
    "test_pushing_again_gives_duplicates_and_no_copies",
    "test_one_uid_twice_in_a_batch_is_written_once",
)
class WritesCopies(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        for detection in detections:
            with self.translated():
                self.write(detection)
        return PushReceipt(tuple(detection.uid for detection in detections))


@caught_by("test_pushing_again_gives_duplicates_and_no_copies")
class KnowsItsOwnWritesOnly(LedgerConnector):
    def __init__(self, config: LedgerConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self.known: set[str] = set()

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        new = [each for each in detections if each.uid not in self.known]
        for each in new:
            with self.translated():
                self.write(each)
        self.known |= {each.uid for each in new}
        return PushReceipt(tuple(each.uid for each in new))


@caught_by("test_one_uid_twice_in_a_batch_is_written_once")
class LooksBeforeTheBatch(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        with self.translated():
            there = [self.ledger.exists(each.uid) for each in detections]
            written: list[str] = []
            duplicates: list[str] = []
            for each, known in zip(detections, there, strict=True):
                (duplicates if known else written).append(each.uid)
                if not known:
                    self.write(each)
        return PushReceipt(tuple(written), tuple(duplicates))


@caught_by("test_pushed_detections_are_there")
class ClaimsToWrite(LedgerConnector):
    def write(self, detection: Detection) -> None:
        """Write nothing."""


class ChangesDocuments(LedgerConnector):
    dropped: ClassVar[tuple[str, ...]] = ()

    def document(self, detection: Detection) -> dict[str, Any]:
        whole = super().document(detection)
        return {name: value for name, value in whole.items() if name not in self.dropped}


@caught_by("test_pushed_detections_are_whole")
class WritesNoLabel(ChangesDocuments):
    dropped: ClassVar = ("label",)


@caught_by("test_pushed_detections_are_whole")
class WritesNoProbability(ChangesDocuments):
    dropped: ClassVar = ("probability",)


@caught_by("test_pushed_detections_are_whole")
class WritesNoIncident(ChangesDocuments):
    dropped: ClassVar = ("incident",)


@caught_by("test_pushed_detections_are_whole")
class RoundsTheProbability(LedgerConnector):
    def document(self, detection: Detection) -> dict[str, Any]:
        whole = super().document(detection)
        return {**whole, "probability": round(detection.probability, 1)}


@caught_by("test_detection_without_time_or_fields_is_written")
class NeedsATime(LedgerConnector):
    def document(self, detection: Detection) -> dict[str, Any]:
        assert detection.at is not None
        return {**super().document(detection), "@timestamp": detection.at.isoformat()}


@caught_by("test_receipt_accounts_for_every_detection")
class WritesOneBulkOnly(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        return super().push(detections[: self.config.page_size])


# --- what the receipt says


@caught_by("test_refused_detection_is_rejected_and_the_others_written")
class CountsRefusalsAsDuplicates(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        receipt = super().push(detections)
        refused = tuple(uid for uid, _ in receipt.rejected)
        return PushReceipt(receipt.written, (*receipt.duplicates, *refused))


@caught_by("test_refused_detection_is_rejected_and_the_others_written")
class CountsRefusalsAsWritten(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        receipt = super().push(detections)
        return PushReceipt((*receipt.written, *(uid for uid, _ in receipt.rejected)))


@caught_by("test_refused_detection_is_rejected_and_the_others_written")
class StopsAtARefusal(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        for number, each in enumerate(detections):
            try:
                with self.translated():
                    self.write(each)
            except RefusedError as error:
                raise ConnectorError(f"detection {number}: {error}") from error
        return PushReceipt(tuple(each.uid for each in detections))


@caught_by("test_pushing_again_gives_duplicates_and_no_copies")
class CallsDuplicatesWritten(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        receipt = super().push(detections)
        return PushReceipt((*receipt.written, *receipt.duplicates), (), receipt.rejected)


@caught_by("test_receipt_accounts_for_every_detection")
class CountsTwice(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        receipt = super().push(detections)
        return PushReceipt(receipt.written, receipt.written)


@caught_by("test_pushing_nothing_writes_nothing")
class FailsOnAnEmptyBatch(LedgerConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        if not detections:
            raise ConnectorError("an empty bulk request")
        return super().push(detections)


# --- requests for labels


@caught_by("test_requests_reach_the_analysts_once")
class AsksTwice(LedgerConnector):
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        for each in requests:
            self.ledger.ask(each.incident_uid)
        return len(requests)


@caught_by("test_requests_reach_the_analysts_once")
class ClaimsToAsk(LedgerConnector):
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        return len({each.incident_uid for each in requests})


@caught_by("test_requests_are_counted")
class CountsTheCall(LedgerConnector):
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        super().request_labels(requests)
        return len(requests)


@caught_by("test_requesting_nothing_asks_for_nothing")
class FailsWithoutQuestions(LedgerConnector):
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        return super().request_labels(requests) // len(requests)
