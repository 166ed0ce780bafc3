"""The fake connector keeps the contract, and can be told to fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sftsec_core.api.contracts import ConnectorContext, ConnectorSpec, EmptyConfig
from sftsec_core.api.domain import Incident, PullWindow, Rejection, Verdict
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.testing import (
    ConnectorContract,
    MemoryConnector,
    MemorySource,
    Platform,
    StoredDetection,
    make_detections,
    make_incidents,
    make_label_requests,
)


class MemoryPlatform(Platform):
    """A `MemorySource`; its cursor is a place in a list, so nothing can be removed."""

    one_process: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.source = MemorySource()

    def spec(self) -> ConnectorSpec[Any]:
        return ConnectorSpec(name="memory", summary="In memory", create=self._create)

    def _create(self, _config: EmptyConfig, _context: ConnectorContext) -> MemoryConnector:
        return MemoryConnector(self.source, page_size=self.page_size)

    def options(self) -> Mapping[str, Any]:
        return {}

    def fill(self, incidents: Sequence[Incident]) -> None:
        self.source.records += incidents

    def pushed(self) -> Sequence[StoredDetection]:
        return [
            StoredDetection(each.uid, each.incident_uid, each.label, each.probability, each.labels)
            for each in self.source.detections.values()
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.source.available = False
        yield
        self.source.available = True

    def spoil(self) -> str:
        self.source.records.insert(3, Rejection("record 3", "not JSON"))
        return "the content"

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        for place, record in enumerate(self.source.records):
            if isinstance(record, Incident) and record.uid == uid:
                self.source.records[place] = replace(record, verdicts=(verdict,))

    def requested(self) -> Sequence[str]:
        return self.source.requested


class TestMemoryConnector(ConnectorContract):
    """Everything, inherited."""

    platform = MemoryPlatform


# --- what the fake adds to the contract


def test_absent_source_is_unavailable_until_back() -> None:
    source = MemorySource(list(make_incidents(3)), available=False)
    connector = MemoryConnector(source)
    with pytest.raises(ConnectorUnavailableError):
        connector.push(make_detections(1))
    assert source.detections == {}
    source.available = True
    assert len(connector.push(make_detections(1)).written) == 1


def test_connection_lost_between_pages_resumes() -> None:
    source = MemorySource(list(make_incidents(10)))
    pages = MemoryConnector(source, page_size=4).pull(PullWindow())
    first = next(pages)
    source.available = False
    with pytest.raises(ConnectorUnavailableError):
        next(pages)
    source.available = True
    rest = MemoryConnector(source, page_size=4).pull(PullWindow(), cursor=first.cursor)
    assert [len(page.incidents) for page in rest] == [4, 2]


def test_closed_connector_refuses_to_work() -> None:
    connector = MemoryConnector(MemorySource())
    connector.close()
    with pytest.raises(ConnectorError, match="after it was closed"):
        connector.check()


def test_request_for_labels_is_not_repeated() -> None:
    source = MemorySource()
    connector = MemoryConnector(source)
    assert connector.request_labels(make_label_requests(["a", "b", "a"])) == 2
    assert connector.request_labels(make_label_requests(["b", "c"])) == 1
    assert source.requested == ["a", "b", "c"]


def test_timeless_incident_is_in_no_window() -> None:
    timeless = replace(make_incidents(1)[0], at=None)
    connector = MemoryConnector(MemorySource([timeless]))
    bounded = PullWindow(since=make_incidents(1)[0].at)
    assert list(connector.pull(bounded)) == []
    assert len(list(connector.pull(PullWindow()))) == 1
