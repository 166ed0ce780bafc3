"""Pages of incidents from a cluster's sources, with the verdicts on them.

Three ways in which an event is judged come together here: a verdict in a field of the document
itself, one in the append-only index of verdicts, and one on a detection of ours (or on the alert
that the SIEM made of it), which is about the event that the detection names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection, Verdict
from sftsec_search.config import IndexSource
from sftsec_search.cursor import Cursor, Position
from sftsec_search.documents import Document, Mapper
from sftsec_search.fetch import Fetcher
from sftsec_search.paging import HitPage, Query, Scan
from sftsec_search.sources import OURS, LabelledIndex

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.config import SearchConfig
    from sftsec_search.engine import Engine
    from sftsec_search.sources import Source
    from sftsec_search.verdicts import VerdictLog

_LOG = "verdicts"  # the index of verdicts, as a cursor names it
log = logging.getLogger(__name__)


def now() -> datetime:
    """This machine's time (UTC)."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Cluster:
    """All that a pull reads from.

    Attributes:
        sources: in the order in which they are read.
        log: the index of verdicts, where there is one.
        clock: this machine's time.
    """

    engine: Engine
    config: SearchConfig
    retry: RetryPolicy
    sources: Sequence[Source]
    log: VerdictLog | None = None
    clock: Callable[[], datetime] = now


def pull(cluster: Cluster, window: PullWindow, word: str | None) -> Iterator[IncidentPage]:
    """Bring the sources' incidents, each source in the order of its times.

    Args:
        cluster: where to read.
        window: which incidents; the bounds are compared with the source's `timestamp`.
        word: a page's cursor, to go on behind it.

    Yields:
        Pages of at most `page_size` incidents and rejections.

    Raises:
        ConnectorUnavailableError: when the cluster did not come back within the bound.
        CursorError: when the word is no cursor.
        RequestError: when a source is not there, or the window names a field that holds verdicts.
    """
    cursor = Cursor.decode(word)
    if cluster.log is not None and cluster.log.is_empty():
        cluster = replace(cluster, log=None)  # not asked for each page in vain
    for source in cluster.sources:
        reader = _Reader(cluster, window, source)
        for page in reader.pages(cursor.positions.get(source.name)):
            cursor = cursor.moved(source.name, page.position)
            incidents, rejected = reader.incidents(page)
            yield IncidentPage(tuple(incidents), cursor.encode(), (*page.rejected, *rejected))
    if cluster.log is not None and window.labelled:
        yield from _judged(cluster, cluster.log, window, cursor)


class _Reader:
    """One source under one window."""

    def __init__(self, cluster: Cluster, window: PullWindow, source: Source) -> None:
        self._cluster = cluster
        self._window = window
        self._source = source
        self._mapper = Mapper(cluster.config, window, source)
        self._fetch = Fetcher(cluster.engine, cluster.retry)

    def pages(self, position: Position | None) -> Iterator[HitPage]:
        """The source's hits, from a position on."""
        source, cluster = self._source, self._cluster
        condition = self._condition()
        if condition is None:
            return
        if self._window.labelled is False:
            self._tell_what_has_no_time()
        query = Query(source.index, source.timestamp, condition, self._mapper.includes)
        yield from Scan(cluster.engine, cluster.config, query, position)

    def _tell_what_has_no_time(self) -> None:
        """Count what scoring passes over, since no cursor could ever stand behind it."""
        source, cluster = self._source, self._cluster
        untimed = [{"exists": {"field": source.timestamp}}, {"term": {"event.module": OURS}}]
        chosen = [source.query] if source.query else []
        body = {"size": 0, "query": {"bool": {"filter": chosen, "must_not": untimed}}}
        total = cluster.retry(lambda: cluster.engine.search(body, source.index))["hits"]["total"]
        if total["value"]:
            least = "at least " if total["relation"] == "gte" else ""
            message = "%s%d documents of %s have no %s and are not scored: set `timestamp`"
            log.warning(message, least, total["value"], source.index, source.timestamp)

    def _condition(self) -> Mapping[str, Any] | None:
        """The query for what the window asks; None when nothing can match."""
        source, labelled = self._source, self._window.labelled
        judged = source.judged()
        wanted: list[Any] = [source.query] if source.query else []
        unwanted: list[Any] = []
        if labelled:
            if judged is None:
                return None
            wanted.append(judged)
        elif labelled is False:
            unwanted += [judged] if judged else []
            unwanted.append({"term": {"event.module": OURS}})
            unwanted += source.open_only()
            wanted.append({"exists": {"field": source.timestamp}})
        bounds = self._bounds()
        wanted += [{"range": {source.timestamp: bounds}}] if bounds else []
        return {"bool": {"filter": wanted, "must_not": unwanted}}

    def _bounds(self) -> dict[str, str]:
        window, settle = self._window, self._cluster.config.settle
        until = window.until
        if window.labelled is False and settle:
            settled = self._cluster.clock() - settle
            until = min(until, settled) if until else settled
        found = {}
        if window.since or until:
            found["format"] = "strict_date_optional_time"  # the field's own may be another
        if window.since:
            found["gte"] = window.since.astimezone(UTC).isoformat()
        if until:
            found["lt"] = until.astimezone(UTC).isoformat()
        return found

    def incidents(self, page: HitPage) -> tuple[list[Incident], list[Rejection]]:
        """What a page's hits come to."""
        read = [self._mapper.read(hit) for hit in page.hits]
        rejected = [each for each in read if isinstance(each, Rejection)]
        documents = self._with_logged([each for each in read if isinstance(each, Document)])
        if self._window.labelled is False:
            fresh = (d for d in documents if d.about is None and not d.incident.verdicts)
            return [each.incident for each in fresh], rejected
        judged = [d for d in documents if d.about is not None and d.incident.verdicts]
        hits = {d.uid: h for d, h in _paired(read, page.hits)} if judged else {}
        events = self.events(judged, hits)
        kept = []
        for each in documents:
            if each.about is not None:
                kept += [events[each.uid]] if each.uid in events else []
            elif each.incident.verdicts or self._window.labelled is None:
                kept.append(each.incident)
        return kept, rejected

    def _with_logged(self, documents: list[Document]) -> list[Document]:
        if self._cluster.log is None or not documents:
            return documents
        logged = self._cluster.log.of([each.uid for each in documents])
        return [judged_by(each, logged.get(each.uid, ())) for each in documents]

    def events(
        self, detections: Sequence[Document], hits: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Incident]:
        """The events that judged detections are about, with those verdicts.

        Where the event itself is gone, the detection's own copy of its fields stands for it.

        Args:
            detections: documents with `about`.
            hits: uid to the hit of each.

        Returns:
            The detection's uid to the event.
        """
        if not detections:
            return {}
        abouts = dict.fromkeys(d.about for d in detections if d.about)
        found, _ = self._fetch(list(abouts), self._mapper.includes)
        there = {uid: self._mapper.read(hit) for uid, hit in found.items()}
        events = {}
        for detection in detections:
            verdicts, event = detection.incident.verdicts, there.get(detection.about or "")
            copy = self._mapper.carried(hits[detection.uid], detection.about or "", verdicts)
            if isinstance(event, Document):
                # Its time may stand in a field of another source than this one.
                at = event.incident.at or copy.at
                copy = replace(event.incident, verdicts=verdicts, at=at)
            events[detection.uid] = copy
        return events


def judged_by(document: Document, verdicts: tuple[Verdict, ...]) -> Document:
    """A document with further verdicts behind its own."""
    if not verdicts:
        return document
    incident = document.incident
    return replace(document, incident=replace(incident, verdicts=(*incident.verdicts, *verdicts)))


def _paired(
    read: Sequence[Document | Rejection], hits: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Document, Mapping[str, Any]]]:
    for each, hit in zip(read, hits, strict=True):
        if isinstance(each, Document):
            yield each, hit


# --- the index of verdicts ----------------------------------------------------------------------


def _judged(
    cluster: Cluster, verdicts: VerdictLog, window: PullWindow, cursor: Cursor
) -> Iterator[IncidentPage]:
    """Events that were judged in the index of verdicts, and not in a field of their own."""
    position = cursor.positions.get(_LOG)
    after = (position.after[0], position.after[1]) if position else None
    readers = [_LogReader(cluster, window, source) for source in cluster.sources]
    for page in verdicts.judged(after, cluster.config.page_size):
        cursor = cursor.moved(_LOG, Position(page.after))
        left = dict(page.verdicts)
        incidents: list[Incident] = []
        rejected: list[Rejection] = []
        for reader in (*readers, _detections(cluster, window)):
            some, refused = reader.take(left)
            incidents += some
            rejected += refused
        gone = "a verdict names it, and none of the sources has it (any more)"
        rejected += [Rejection(uid, gone) for uid in left]
        yield IncidentPage(tuple(incidents), cursor.encode(), tuple(rejected))


def _detections(cluster: Cluster, window: PullWindow) -> _LogReader:
    """Our own detections, as one more source of judged documents."""
    source = LabelledIndex(IndexSource(index=cluster.config.detections))
    return _LogReader(cluster, window, source)


class _LogReader(_Reader):
    """One source, asked for the documents that verdicts name."""

    def take(
        self, verdicts: dict[str, tuple[Verdict, ...]]
    ) -> tuple[list[Incident], list[Rejection]]:
        """Bring those of the judged documents that this source has.

        Args:
            verdicts: uid to its verdicts; what this source has is taken out of it.
        """
        source = self._source
        found, too_large = self._fetch(
            list(verdicts), self._mapper.includes, within=source.index, condition=source.query
        )
        rejected = [
            Rejection(uid, "the document is larger than max_page_bytes") for uid in too_large
        ]
        documents: list[Document] = []
        for uid, hit in found.items():
            read = self._mapper.read(hit)
            if isinstance(read, Rejection):
                rejected.append(read)
            elif not read.incident.verdicts:  # with some of its own, the scan brought it already
                documents.append(judged_by(read, verdicts[uid]))
        for uid in (*found, *too_large):
            del verdicts[uid]
        events = self.events([d for d in documents if d.about is not None], found)
        incidents = [events.get(each.uid, each.incident) for each in documents]
        return [each for each in incidents if self._in_time(each)], rejected

    def _in_time(self, incident: Incident) -> bool:
        window = self._window
        if window.since is None and window.until is None:
            return True
        at = incident.at
        return at is not None and (
            (window.since is None or at >= window.since)
            and (window.until is None or at < window.until)
        )
