"""A SIEM in memory that keeps the whole contract: for tests of what stands above a connector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sftsec_core.api.domain import (
    Detection,
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    PushReceipt,
    Rejection,
)
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError


@dataclass
class MemorySource:
    """The platform: what it holds outlives any one connector.

    Attributes:
        records: incidents, and rejections in the place of records that cannot be read.
        detections: what was pushed, by uid.
        requested: uids of incidents that a label was requested for, in order.
        available: set it to False and every call fails as on a lost connection.
    """

    records: list[Incident | Rejection] = field(default_factory=list)
    detections: dict[str, Detection] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    available: bool = True


class MemoryConnector:
    """A connector to a `MemorySource`; its cursor is the place in the source."""

    def __init__(self, source: MemorySource, *, page_size: int = 100) -> None:
        """Connect.

        Args:
            source: shared with the code that looks at it afterwards.
            page_size: the most records that a page brings, at least 1.
        """
        self._source = source
        self._page_size = page_size
        self._closed = False

    def check(self) -> Sequence[str]:
        """Find nothing in the way, unless the source is away."""
        self._reach()
        return []

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring the records that the window lets through, in the source's order."""
        self._reach()
        page: list[Incident | Rejection] = []
        place = _place(cursor)
        for place, record in enumerate(self._source.records[place:], start=place + 1):  # noqa: B020 - the last place is the cursor
            if isinstance(record, Rejection) or _inside(record, window):
                page.append(record)
            if len(page) == self._page_size:
                yield _page(page, place)
                self._reach()
                page = []
        if page:
            yield _page(page, place)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Keep the detections whose uid is new."""
        self._reach()
        written: list[str] = []
        duplicates: list[str] = []
        for detection in detections:
            known = detection.uid in self._source.detections
            (duplicates if known else written).append(detection.uid)
            self._source.detections.setdefault(detection.uid, detection)
        return PushReceipt(tuple(written), tuple(duplicates))

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Note the requests; one that was made before is not made again."""
        self._reach()
        uids = [each.incident_uid for each in requests]
        new = [uid for uid in dict.fromkeys(uids) if uid not in self._source.requested]
        self._source.requested += new
        return len(new)

    def close(self) -> None:
        """Let go; what comes afterwards is refused."""
        self._closed = True

    def _reach(self) -> None:
        if self._closed:
            raise ConnectorError("used after it was closed", connector="memory")
        if not self._source.available:
            raise ConnectorUnavailableError("the source is away", connector="memory")


def _place(cursor: str | None) -> int:
    try:
        return int(cursor or 0)
    except ValueError:
        raise ConnectorError("the cursor is not a number", connector="memory") from None


def _inside(incident: Incident, window: PullWindow) -> bool:
    if window.labelled is not None and window.labelled != bool(incident.verdicts):
        return False
    if window.since is None and window.until is None:
        return True
    if incident.at is None:
        return False  # an incident of no known time is in no window of time
    return not (
        (window.since is not None and incident.at < window.since)
        or (window.until is not None and incident.at >= window.until)
    )


def _page(records: Sequence[Incident | Rejection], place: int) -> IncidentPage:
    return IncidentPage(
        tuple(record for record in records if isinstance(record, Incident)),
        str(place),
        tuple(record for record in records if isinstance(record, Rejection)),
    )
