"""What the join of events and verdicts asks of a cluster: sources, and the index of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.renames import Renames
from sftsec_core.sdk.verdict_join import (
    FoundRecords,
    JoinedSource,
    LoggedVerdicts,
    RecordPage,
    VerdictJoin,
    VerdictLog,
)
from sftsec_core.sdk.window import TimeBounds, utc_now
from sftsec_search.config import IndexSource
from sftsec_search.documents import HitMapper, is_place
from sftsec_search.fetch import Fetcher, Hit
from sftsec_search.orders import ask_order
from sftsec_search.own import OwnDocuments
from sftsec_search.positions import SearchPosition
from sftsec_search.reading import SourceReading
from sftsec_search.sources import LabelledIndex

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import Verdict
    from sftsec_core.sdk.logged_states import LoggedState
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_search.client import SearchClient
    from sftsec_search.config import SearchConfig
    from sftsec_search.identities import Identities
    from sftsec_search.lookups import Lookups
    from sftsec_search.paging import HitPage
    from sftsec_search.sources import DocumentSource
    from sftsec_search.verdicts import VerdictIndex


class Log(VerdictLog[SearchPosition], Protocol):
    """Verdicts that stand beside the documents, and what tells whether they changed."""

    def states(self, known: Identities) -> Iterator[LoggedState] | None:
        """The state of each judged document; None where none can be told."""
        ...

    def read(
        self, uids: Sequence[str]
    ) -> tuple[Mapping[str, tuple[Verdict, ...]], tuple[Rejection, ...]]:
        """The verdicts on some documents, oldest first, and those that cannot be used."""
        ...

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """What cannot be used and is on no document."""
        ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """All that a pull reads from.

    Attributes:
        sources: in the order in which they are read.
        ownership: tells our detections from others.
        log: the index of verdicts, where there is one.
        clock: this machine's time.
        beside: makes, for each pull, the log that it reads of the index's and of further verdicts.
        lookups: keeps what is looked up; None keeps nothing.
    """

    client: SearchClient
    config: SearchConfig
    retry: RetryPolicy
    sources: Sequence[DocumentSource]
    ownership: Ownership
    log: VerdictIndex | None = None
    clock: Callable[[], datetime] = utc_now
    beside: Callable[[Log | None], Log | None] = lambda log: log
    lookups: Lookups | None = None

    def names_of(self, people: Iterable[str]) -> Mapping[str, str]:
        """The names behind the ids of analysts, of all sources."""
        found: dict[str, str] = {}
        for source in self.sources:
            found |= source.names_of(self, people)
        return found

    @property
    def renames(self) -> Renames:
        """The names of fields of all sources."""
        return Renames.of_all(each.renames for each in self.sources)


def pull(cluster: Cluster, window: PullWindow, cursor: str | None) -> Iterator[IncidentPage]:
    """Read the sources' incidents, each source in the orders of its arrivals and times.

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
    yield from join_of(cluster, window, log_of(cluster)).pages(start)


def log_of(cluster: Cluster) -> Log | None:
    """The verdicts beside those in the sources, for one pull; None where there are none."""
    return cluster.beside(None if cluster.log is None or cluster.log.is_empty() else cluster.log)


def join_of(
    cluster: Cluster, window: PullWindow, verdicts: Log | None
) -> VerdictJoin[SearchPosition]:
    """The join of all sources with verdicts that stand beside them."""
    # A verdict may be on one of our own detections, whose data stream no source need be.
    detections = LabelledIndex(IndexSource(index=cluster.config.detections))
    return VerdictJoin(
        window,
        [JoinedDocuments(cluster, window, each) for each in cluster.sources],
        verdicts,
        cluster.config.page_size,
        lookups=[JoinedDocuments(cluster, window, detections)],
    )


class JoinedDocuments(JoinedSource[SearchPosition]):
    """One source under one window."""

    def __init__(self, cluster: Cluster, window: PullWindow, source: DocumentSource) -> None:
        self.name = source.name
        self.has_verdicts = source.labelled_filter() is not None
        self._cluster = cluster
        self._window = window
        self._source = source
        self._mapper = HitMapper(cluster.config, window, source)
        # An event that a detection names may be of any source.
        needed = [name for each in cluster.sources for name in each.needed]
        self._events = HitMapper(cluster.config, window, source, cluster.renames, needed)
        self._own = OwnDocuments(
            cluster.config.detections, cluster.ownership, alerts=source.holds_alerts
        )
        self._fetch = Fetcher(cluster.client, cluster.retry, cluster.lookups)

    def reading(self) -> SourceReading:
        """How the source is read, by its mappings of now."""
        cluster = self._cluster
        order = cluster.retry(lambda: ask_order(cluster.client, self._source))
        return SourceReading(cluster, self._window, self._source, order, self._mapper.includes)

    def pages(self, position: SearchPosition | None) -> Iterator[RecordPage[SearchPosition]]:
        """Read the source page by page."""
        if self._window.labelled and not self.has_verdicts:
            return
        reading = self.reading()
        if self._window.labelled is False:
            reading.count_untimed()
        for page in reading.pages(position):
            records, rejected = self._records(page.hits)
            if reading.checks_times:
                records, untimed = self._in_time(records)
                rejected += untimed
            yield RecordPage(records, page.position, (*page.rejected, *rejected))
        self._own.say_refused(self._source.index)

    def record_page(self, page: HitPage) -> RecordPage[SearchPosition]:
        """The records of a page that was read in another order than `pages` reads."""
        records, rejected = self._records(page.hits)
        return RecordPage(records, page.position, (*page.rejected, *rejected))

    def _records(self, hits: Iterable[Hit]) -> tuple[list[SourceRecord], list[Rejection]]:
        wanted = self._mapper.includes or ()
        whole, incomplete = self._source.complete(list(hits), self._cluster, wanted)
        records, rejected = _read(self._mapper, whole, self._own.of(whole))
        if self._own.asked_outbox and self._cluster.lookups is not None:
            self._cluster.lookups.unknown = True
        return records, [*incomplete, *rejected]

    def _in_time(
        self, records: Sequence[SourceRecord]
    ) -> tuple[list[SourceRecord], list[Rejection]]:
        """Keep what lies in the window; without a time that cannot be said."""
        bounds = TimeBounds(self._window.since, self._window.until)
        reason = f"no time in {self._source.timestamp!r}, so it cannot be said to lie in the window"
        untimed = [Rejection(each.name, reason) for each in records if each.incident.at is None]
        return [each for each in records if bounds.contains(each.incident.at)], untimed

    def find(self, logged: Sequence[LoggedVerdicts]) -> FoundRecords:
        """Fetch documents by name, of those that the source's query matches."""
        found, too_large = self._fetch(
            [each.uid for each in logged],
            self._mapper.includes,
            within=self._source.index,
            condition=self._source.query,
        )
        records, rejected = self._records(found.values())
        reason = "the document is larger than max_page_bytes"
        return FoundRecords(records, (*rejected, *(Rejection(uid, reason) for uid in too_large)))

    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        """Fetch the events by the indices that detections name."""
        named = dict.fromkeys(each.about or "" for each in detections)
        found, _ = self._fetch([uid for uid in named if is_place(uid)], self._events.includes)
        hits: list[Hit] = list(found.values())
        for source in self._cluster.sources:
            hits, _ = source.complete(hits, self._cluster, self._events.includes or ())
        records, _ = _read(self._events, hits, [False] * len(hits))
        return {each.name: each for each in records}

    def carried(self, detection: SourceRecord) -> Incident:
        """Read the copy in the detection's `sftsec.source`."""
        return self._mapper.carried(detection)

    def is_private(self, name: str) -> bool:
        """As the source says."""
        return self._source.is_private(name)


def _read(
    mapper: HitMapper, hits: Sequence[Hit], own: Sequence[bool]
) -> tuple[list[SourceRecord], list[Rejection]]:
    read = [mapper.read(hit, own=each) for hit, each in zip(hits, own, strict=True)]
    rejected = [each for each in read if isinstance(each, Rejection)]
    return [each for each in read if not isinstance(each, Rejection)], rejected
