"""What the join of events and verdicts asks of Splunk: the sources, and the app's collection."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.records import UnusableError
from sftsec_core.sdk.verdict_join import (
    FoundRecords,
    JoinedSource,
    LoggedVerdicts,
    RecordPage,
    VerdictJoin,
)
from sftsec_core.sdk.window import TimeBounds, utc_now
from sftsec_splunk.order import Order
from sftsec_splunk.own import OwnDetections
from sftsec_splunk.positions import SplunkPosition
from sftsec_splunk.rows import RowReader, digest_of, original_time
from sftsec_splunk.searches import TimeSpan

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.sdk.ownership import Ownership
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.searches import Row, Searches
    from sftsec_splunk.sources import EventSource
    from sftsec_splunk.verdicts import VerdictCollection

_GAP_S, _MOST_SPANS = 3600.0, 8
_NEAR_S = 1.0  # of an event and the time that its detection names


@dataclass(frozen=True, slots=True)
class Site:
    """All that a pull reads from.

    Attributes:
        sources: in the order in which they are read.
        log: the app's verdicts.
        searches: run those for detections of ours.
        ownership: tells them from others.
        snapshots: whether a pull without regard to labels brings what only the app knows, too.
        clock: this machine's time.
    """

    config: SplunkConfig
    sources: Sequence[EventSource]
    log: VerdictCollection
    searches: Searches
    ownership: Ownership
    snapshots: bool = False
    clock: Callable[[], datetime] = utc_now

    def own_detections(self, *, alerts: bool = False) -> OwnDetections:
        """What knows detections of ours; see `OwnDetections`."""
        index = None if self.config.hec is None else self.config.hec.index
        return OwnDetections(self.searches, self.ownership, index, alerts=alerts)


def pull(site: Site, window: PullWindow, cursor: str | None) -> Iterator[IncidentPage]:
    """Read the sources' incidents, each source in the order of its times.

    Args:
        site: where to read.
        window: which incidents; the bounds are compared with the event's time.
        cursor: a page's cursor, to resume after it.

    Yields:
        Pages of at most `page_size` incidents and rejections.

    Raises:
        ConnectorUnavailableError: when Splunk did not come back within the bound.
        SearchError: when a search failed, or returned a part of its results only.
        CursorError: when the cursor is not one.
        PrivateFieldError: when the window names a field that holds verdicts.
    """
    start = PullCursor.decode(cursor, SplunkPosition)
    sources: list[JoinedEvents] = []
    sources += (JoinedEvents(site, window, each, sources) for each in site.sources)
    join = VerdictJoin(
        window,
        sources,
        site.log if site.log.collection.exists() else None,
        site.config.page_size,
        log_is_source=site.snapshots,
    )
    yield from join.pages(start)


class JoinedEvents(JoinedSource[SplunkPosition]):
    """One source under one window."""

    def __init__(
        self,
        site: Site,
        window: PullWindow,
        source: EventSource,
        siblings: Sequence[JoinedEvents],
    ) -> None:
        """Take the parts; `siblings` are all sources of the pull."""
        self.name = source.name
        self.has_verdicts = source.has_verdicts
        self._site = site
        self._window = window
        self._source = source
        self._siblings = siblings
        self._reader = RowReader(site.config, window.fields, source)
        self._own = site.own_detections(alerts=source.holds_alerts)

    def pages(self, position: SplunkPosition | None) -> Iterator[RecordPage[SplunkPosition]]:
        """Read the source page by page."""
        for page in self._source.pages(self._window, self._span(), position):
            records, rejected = self._read(page.rows)
            judged, refused = self._with_own_verdicts(records)
            yield RecordPage(judged, page.position, (*page.rejected, *rejected, *refused))
        self._own.say_refused(self._source.title)

    def find(self, logged: Sequence[LoggedVerdicts]) -> FoundRecords:
        """Search for events by name: near their time, or else within the window."""
        times = {each.uid: each.at.timestamp() for each in logged if each.at is not None}
        untimed = [each.uid for each in logged if each.at is None]
        rows = list(self._rows_at(times))
        if untimed:
            rows += self._source.find(untimed, self._span(), self._window.fields)
        records, rejected = self._read(rows)
        judged, refused = self._with_own_verdicts(records)
        return FoundRecords(judged, (*rejected, *refused))

    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        """Search all sources for events near the times that detections name."""
        times = {each.about: original_time(each) for each in detections if each.about}
        left = {uid: at for uid, at in times.items() if at is not None}
        found: dict[str, SourceRecord] = {}
        for source in self._siblings:
            records, _ = source._read(source._rows_at(left))
            found |= _at_their_times(records, left)
            left = {uid: at for uid, at in left.items() if uid not in found}
        return found

    def carried(self, detection: SourceRecord) -> Incident:
        """Read the copy in the detection's `orig_*` fields."""
        return self._reader.carried(detection)

    def is_private(self, name: str) -> bool:
        """As the source says."""
        return self._source.is_private(name)

    def _span(self) -> TimeSpan:
        """The window; what is scored was indexed, or is, older than `settle`."""
        config, window = self._site.config, self._window
        by_index_time = self._source.order is Order.INDEX_TIME
        settle = timedelta() if by_index_time else config.settle
        bounds = TimeBounds.of(window, settle, self._site.clock)
        settled = None
        if by_index_time and window.labelled is False:
            # Index times are whole seconds: of the one that is not over, more may come.
            settled = math.floor((self._site.clock() - config.settle).timestamp())
        since, until = bounds.since, bounds.until
        return TimeSpan(
            None if since is None else since.timestamp(),
            None if until is None else until.timestamp(),
            index_latest=settled,
        )

    def _rows_at(self, times: Mapping[str, float]) -> Iterator[Row]:
        for uids, span in spans_of(times):
            yield from self._source.find(uids, span, self._window.fields)

    def _read(self, rows: Iterable[Row]) -> tuple[list[SourceRecord], list[Rejection]]:
        brought = list(rows)
        own = self._own.of(brought)
        read = [self._reader.read(row, each) for row, each in zip(brought, own, strict=True)]
        rejected = [each for each in read if isinstance(each, Rejection)]
        return [each for each in read if not isinstance(each, Rejection)], rejected

    def _with_own_verdicts(
        self, records: Sequence[SourceRecord]
    ) -> tuple[list[SourceRecord], list[Rejection]]:
        judged, refused = [], []
        for each, given in zip(records, self._source.verdicts(records), strict=True):
            if isinstance(given, UnusableError):
                refused.append(Rejection(each.incident.uid, str(given), digest_of(each.raw)))
            else:
                judged.append(each.with_verdicts(given))
        return judged, refused


def _at_their_times(
    records: Iterable[SourceRecord], times: Mapping[str, float]
) -> dict[str, SourceRecord]:
    """The events of these uids and times; a search brings others of a uid within its span."""
    found: dict[str, SourceRecord] = {}
    for each in records:
        uid, at = each.incident.uid, each.incident.at
        if each.about is not None or uid not in times:
            continue
        if at is None or abs(at.timestamp() - times[uid]) <= _NEAR_S:
            found.setdefault(uid, each)
    return found


def spans_of(times: Mapping[str, float]) -> list[tuple[list[str], TimeSpan]]:
    """Group uids by the time of their events, so that each search is a narrow one.

    Args:
        times: uid to seconds since 1970.
    """
    groups: list[list[str]] = []
    last = 0.0
    for uid, at in sorted(times.items(), key=lambda pair: pair[1]):
        if not groups or at - last > _GAP_S:
            groups.append([])
        groups[-1].append(uid)
        last = at
    if len(groups) > _MOST_SPANS:  # a few wide searches take less time than many narrow ones
        size = -(-len(groups) // _MOST_SPANS)
        parts = [groups[start : start + size] for start in range(0, len(groups), size)]
        groups = [[uid for group in part for uid in group] for part in parts]
    return [
        (group, TimeSpan(min(times[u] for u in group) - 1, max(times[u] for u in group) + 1))
        for group in groups
    ]
