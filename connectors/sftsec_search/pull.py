"""What the join of events and verdicts asks of a cluster: sources, and the index of verdicts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.verdict_join import (
    FoundRecords,
    JoinedSource,
    LoggedVerdicts,
    RecordPage,
    VerdictJoin,
)
from sftsec_core.sdk.window import TimeBounds, utc_now
from sftsec_search.config import IndexSource
from sftsec_search.documents import HitMapper
from sftsec_search.fetch import Fetcher
from sftsec_search.paging import Scan, ScanQuery
from sftsec_search.positions import SearchPosition
from sftsec_search.sources import OURS, LabelledIndex

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_search.client import SearchClient
    from sftsec_search.config import SearchConfig
    from sftsec_search.sources import DocumentSource
    from sftsec_search.verdicts import VerdictIndex

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """All that a pull reads from.

    Attributes:
        sources: in the order in which they are read.
        log: the index of verdicts, where there is one.
        clock: this machine's time.
    """

    client: SearchClient
    config: SearchConfig
    retry: RetryPolicy
    sources: Sequence[DocumentSource]
    log: VerdictIndex | None = None
    clock: Callable[[], datetime] = utc_now


def pull(cluster: Cluster, window: PullWindow, cursor: str | None) -> Iterator[IncidentPage]:
    """Read the sources' incidents, each source in the order of its times.

    Args:
        cluster: where to read.
        window: which incidents; the bounds are compared with the source's `timestamp`.
        cursor: a page's cursor, to resume after it.

    Yields:
        Pages of at most `page_size` incidents and rejections.

    Raises:
        ConnectorUnavailableError: when the cluster did not come back within the bound.
        CursorError: when the cursor is not one.
        PrivateFieldError: when the window names a field that holds verdicts.
        RequestError: when a source does not exist.
    """
    start = PullCursor.decode(cursor, SearchPosition)
    # A verdict may be on one of our own detections, whose data stream no source need be.
    detections = LabelledIndex(IndexSource(index=cluster.config.detections))
    join = VerdictJoin(
        window,
        [JoinedDocuments(cluster, window, each) for each in cluster.sources],
        None if cluster.log is None or cluster.log.is_empty() else cluster.log,
        cluster.config.page_size,
        lookups=[JoinedDocuments(cluster, window, detections)],
    )
    yield from join.pages(start)


class JoinedDocuments(JoinedSource[SearchPosition]):
    """One source under one window."""

    def __init__(self, cluster: Cluster, window: PullWindow, source: DocumentSource) -> None:
        self.name = source.name
        self.has_verdicts = source.labelled_filter() is not None
        self._cluster = cluster
        self._window = window
        self._source = source
        self._mapper = HitMapper(cluster.config, window, source)
        self._fetch = Fetcher(cluster.client, cluster.retry)

    def pages(self, position: SearchPosition | None) -> Iterator[RecordPage[SearchPosition]]:
        """Read the source page by page."""
        source, cluster = self._source, self._cluster
        if self._window.labelled and not self.has_verdicts:
            return
        if self._window.labelled is False:
            self._log_untimed()
        query = ScanQuery(source.index, source.timestamp, self._query(), self._mapper.includes)
        for page in Scan(cluster.client, cluster.config, query, position):
            records, rejected = self._read(page.hits)
            yield RecordPage(records, page.position, (*page.rejected, *rejected))

    def find(self, logged: Sequence[LoggedVerdicts]) -> FoundRecords:
        """Fetch documents by name, of those that the source's query matches."""
        found, too_large = self._fetch(
            [each.uid for each in logged],
            self._mapper.includes,
            within=self._source.index,
            condition=self._source.query,
        )
        records, rejected = self._read(found.values())
        reason = "the document is larger than max_page_bytes"
        return FoundRecords(records, (*rejected, *(Rejection(uid, reason) for uid in too_large)))

    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        """Fetch the events by the indices that detections name."""
        names = dict.fromkeys(each.about for each in detections if each.about)
        found, _ = self._fetch(list(names), self._mapper.includes)
        records, _ = self._read(found.values())
        return {each.name: each for each in records}

    def carried(self, detection: SourceRecord) -> Incident:
        """Read the copy in the detection's `sftsec.source`."""
        return self._mapper.carried(detection)

    def is_private(self, name: str) -> bool:
        """As the source says."""
        return self._source.is_private(name)

    def _read(
        self, hits: Iterable[Mapping[str, Any]]
    ) -> tuple[list[SourceRecord], list[Rejection]]:
        read = [self._mapper.read(hit) for hit in hits]
        rejected = [each for each in read if isinstance(each, Rejection)]
        return [each for each in read if not isinstance(each, Rejection)], rejected

    # --- queries

    def _log_untimed(self) -> None:
        """Count what scoring leaves out, because no cursor can stand after it."""
        source, cluster = self._source, self._cluster
        untimed = [{"exists": {"field": source.timestamp}}, {"term": {"event.module": OURS}}]
        chosen = [source.query] if source.query else []
        body = {"size": 0, "query": {"bool": {"filter": chosen, "must_not": untimed}}}
        total = cluster.retry(lambda: cluster.client.search(body, source.index))["hits"]["total"]
        if total["value"]:
            least = "at least " if total["relation"] == "gte" else ""
            message = "%s%d documents of %s have no %s and are not scored: set `timestamp`"
            log.warning(message, least, total["value"], source.index, source.timestamp)

    def _query(self) -> Mapping[str, Any]:
        """Return the query for what the window asks."""
        source, labelled = self._source, self._window.labelled
        with_label = source.labelled_filter()
        labels = [] if with_label is None else [with_label]
        wanted: list[Any] = [source.query] if source.query else []
        unwanted: list[Any] = []
        if labelled:
            wanted += labels
        elif labelled is False:
            unwanted += labels
            unwanted.append({"term": {"event.module": OURS}})
            unwanted += source.closed_filters()
            wanted.append({"exists": {"field": source.timestamp}})
        bounds = self._bounds()
        wanted += [{"range": {source.timestamp: bounds}}] if bounds else []
        return {"bool": {"filter": wanted, "must_not": unwanted}}

    def _bounds(self) -> dict[str, str]:
        bounds = TimeBounds.of(self._window, self._cluster.config.settle, self._cluster.clock)
        found = {}
        if bounds.since or bounds.until:
            found["format"] = "strict_date_optional_time"  # the field's own may be another
        if bounds.since:
            found["gte"] = bounds.since.astimezone(UTC).isoformat()
        if bounds.until:
            found["lt"] = bounds.until.astimezone(UTC).isoformat()
        return found
