"""The fake connector keeps the contract, and the contract finds out connectors that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from sftsec_core.api.domain import (
    Detection,
    Incident,
    IncidentPage,
    PullWindow,
    PushReceipt,
    Rejection,
)
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.testing import (
    ConnectorContract,
    MemoryConnector,
    MemorySource,
    make_detections,
    make_incidents,
    make_label_requests,
)

SOURCES: dict[Path, MemorySource] = {}  # a folder is a test's own, so nothing is shared


class MemoryContract(ConnectorContract):
    kind: ClassVar[type[MemoryConnector]] = MemoryConnector

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        SOURCES[folder] = MemorySource(list(incidents))

    def connect(self, folder: Path) -> MemoryConnector:
        return self.kind(SOURCES[folder], page_size=self.page_size)

    def pushed(self, folder: Path) -> Sequence[str]:
        return [detection.uid for detection in SOURCES[folder].detections.values()]

    def spoil(self, folder: Path) -> str | None:
        SOURCES[folder].records.insert(3, Rejection("record 3", "not JSON"))
        return "the content"


class TestMemoryConnector(MemoryContract):
    """Everything, inherited."""


# --- connectors with one fault each, and the test that must find it


class RepeatsAPage(MemoryConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        again = str(max(0, int(cursor) - 1)) if cursor else None
        return super().pull(window, cursor=again)


class OnePageForAll(MemoryConnector):
    def __init__(self, source: MemorySource, *, page_size: int) -> None:
        super().__init__(source, page_size=100 * page_size)


class UidByText(MemoryConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for page in super().pull(window, cursor=cursor):
            renamed = (replace(i, uid=str(i.fields["message"])) for i in page.incidents)
            yield replace(page, incidents=tuple(renamed))


class ForgetsVerdicts(MemoryConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for page in super().pull(window, cursor=cursor):
            bare = (replace(i, verdicts=()) for i in page.incidents)
            yield replace(page, incidents=tuple(bare))


class IgnoresTheWindow(MemoryConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        return super().pull(PullWindow(), cursor=cursor)


class QuotesTheContent(MemoryConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for page in super().pull(window, cursor=cursor):
            quoted = (replace(r, reason="cannot read the content") for r in page.rejected)
            yield replace(page, rejected=tuple(quoted))


class WritesCopies(MemoryConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        for detection in detections:
            self._source.detections[f"copy {len(self._source.detections)}"] = detection
        return PushReceipt([detection.uid for detection in detections])


class ClaimsToWrite(MemoryConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        return PushReceipt([detection.uid for detection in detections])


class LosesSome(MemoryConnector):
    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        return super().push(detections[1:])


class ClosesOnce(MemoryConnector):
    def close(self) -> None:
        if self._closed:
            raise ConnectorError("closed already")
        super().close()


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (RepeatsAPage, "test_every_cursor_resumes_right_behind_its_page"),
        (OnePageForAll, "test_pages_are_bounded"),
        (UidByText, "test_a_pull_brings_every_incident_once"),
        (ForgetsVerdicts, "test_a_pull_brings_fields_verdicts_and_times"),
        (IgnoresTheWindow, "test_a_window_bounds_the_time"),
        (QuotesTheContent, "test_a_damaged_record_is_rejected_and_the_pull_goes_on"),
        (WritesCopies, "test_pushing_again_gives_duplicates_and_no_copies"),
        (WritesCopies, "test_one_uid_twice_in_a_batch_is_written_once"),
        (ClaimsToWrite, "test_what_is_pushed_is_there"),
        (LosesSome, "test_a_receipt_accounts_for_every_detection"),
        (ClosesOnce, "test_a_connector_may_be_closed_twice"),
    ],
)
def test_the_contract_finds_a_faulty_connector(
    faulty: type[MemoryConnector], test: str, tmp_path: Path
) -> None:
    contract = type("Faulty", (MemoryContract,), {"kind": faulty})()
    with pytest.raises((AssertionError, ConnectorError)):
        getattr(contract, test)(tmp_path)


def test_a_window_that_is_ignored_mixes_labelled_and_unlabelled(tmp_path: Path) -> None:
    contract = type("Faulty", (MemoryContract,), {"kind": IgnoresTheWindow})()
    with pytest.raises(AssertionError):
        contract.test_a_window_separates_labelled_from_unlabelled(tmp_path, labelled=True)


# --- what the fake adds to the contract


def test_a_source_that_is_away_is_unavailable_and_comes_back() -> None:
    source = MemorySource(list(make_incidents(3)), available=False)
    connector = MemoryConnector(source)
    with pytest.raises(ConnectorUnavailableError):
        connector.push(make_detections(1))
    assert source.detections == {}
    source.available = True
    assert len(connector.push(make_detections(1)).written) == 1


def test_a_connection_may_be_lost_between_two_pages() -> None:
    source = MemorySource(list(make_incidents(10)))
    pages = MemoryConnector(source, page_size=4).pull(PullWindow())
    first = next(pages)
    source.available = False
    with pytest.raises(ConnectorUnavailableError):
        next(pages)
    source.available = True
    rest = MemoryConnector(source, page_size=4).pull(PullWindow(), cursor=first.cursor)
    assert [len(page.incidents) for page in rest] == [4, 2]


def test_a_closed_connector_refuses_to_work() -> None:
    connector = MemoryConnector(MemorySource())
    connector.close()
    with pytest.raises(ConnectorError, match="after it was closed"):
        connector.check()


def test_a_request_for_labels_is_not_repeated() -> None:
    source = MemorySource()
    connector = MemoryConnector(source)
    assert connector.request_labels(make_label_requests(["a", "b", "a"])) == 2
    assert connector.request_labels(make_label_requests(["b", "c"])) == 1
    assert source.requested == ["a", "b", "c"]


def test_an_incident_without_a_time_is_in_no_window_of_time() -> None:
    timeless = replace(make_incidents(1)[0], at=None)
    connector = MemoryConnector(MemorySource([timeless]))
    bounded = PullWindow(since=make_incidents(1)[0].at)
    assert list(connector.pull(bounded)) == []
    assert len(list(connector.pull(PullWindow()))) == 1
