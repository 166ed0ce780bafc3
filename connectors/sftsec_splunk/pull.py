"""Pages of incidents from Splunk's sources, with the verdicts on them.

Three ways in which an event is judged come together here: by the source itself (a review's
disposition, a label), in our app's collection, and on a detection of ours that Enterprise
Security made a notable of, which is about the event that the detection names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection, Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_splunk.cursor import Cursor, Position
from sftsec_splunk.rows import ORIGINAL, Event, Reader, original_time
from sftsec_splunk.searches import Span

if TYPE_CHECKING:
    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.searches import Row
    from sftsec_splunk.slices import RowPage
    from sftsec_splunk.sources import Source
    from sftsec_splunk.verdicts import Judgement, VerdictLog

_JUDGED = "verdicts"  # the app's collection, as a cursor names it
_GAP_S, _MOST_SPANS = 3600.0, 8


def now() -> datetime:
    """This machine's time (UTC)."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """All that a pull reads from.

    Attributes:
        sources: in the order in which they are read.
        log: the app's verdicts.
        snapshots: whether a pull without regard to labels, too, brings what only the app knows.
        clock: this machine's time.
    """

    config: SplunkConfig
    sources: Sequence[Source]
    log: VerdictLog
    snapshots: bool = False
    clock: Callable[[], datetime] = now


def pull(site: Site, window: PullWindow, word: str | None) -> Iterator[IncidentPage]:
    """Bring the sources' incidents, each source in the order of its times.

    Args:
        site: where to read.
        window: which incidents; the bounds are compared with the event's time.
        word: a page's cursor, to go on behind it.

    Yields:
        Pages of at most `page_size` incidents and rejections.

    Raises:
        ConnectorUnavailableError: when Splunk did not come back within the bound.
        SearchError: when a search failed, or gave a part of its results only.
        CursorError: when the word is no cursor.
        ConnectorError: when the window names a field that holds verdicts.
    """
    cursor = Cursor.decode(word)
    _refuse_private(site, window)
    log = site.log if site.log.collection.is_there() else None
    scan = _Scan(site, window, log)
    for source in site.sources:
        for page in source.pages(window, scan.span, cursor.positions.get(source.name)):
            cursor = cursor.moved(source.name, page.position)
            incidents, rejected = scan.incidents(source, page)
            yield IncidentPage(tuple(incidents), cursor.encode(), (*page.rejected, *rejected))
    if log is not None and (window.labelled or (window.labelled is None and site.snapshots)):
        yield from _judged(scan, log, cursor)


def _refuse_private(site: Site, window: PullWindow) -> None:
    for name in window.text_fields:
        if any(source.is_private(name) for source in site.sources):
            raise ConnectorError(
                f"{name!r} holds what analysts said, or may: a model that reads it learns "
                "nothing else; leave it out of the task's text, keep and group"
            )


class _Scan:
    """The sources under one window."""

    def __init__(self, site: Site, window: PullWindow, log: VerdictLog | None) -> None:
        self.site = site
        self.window = window
        self._log = log
        wanted = window.text_fields
        self._readers = {
            each.name: Reader(site.config, wanted, each.is_private) for each in site.sources
        }

    @property
    def span(self) -> Span:
        """The window's time; what is to be scored must have settled."""
        since, until = self.window.since, self.window.until
        if self.window.labelled is False and self.site.config.settle:
            settled = self.site.clock() - self.site.config.settle
            until = min(until, settled) if until else settled
        return Span(
            None if since is None else since.timestamp(),
            None if until is None else until.timestamp(),
        )

    def incidents(self, source: Source, page: RowPage) -> tuple[list[Incident], list[Rejection]]:
        """What a page's rows come to."""
        events, rejected = self._read(source, page.rows)
        own = source.verdicts(events)
        judged = [each.judged(said) for each, said in zip(events, own, strict=True)]
        judged = self._with_logged(judged)
        if self.window.labelled is False:
            fresh = (each for each in judged if not each.ours and not each.incident.verdicts)
            return merged(each.incident for each in fresh), rejected
        ours = [each for each in judged if each.ours and each.incident.verdicts]
        about = self._about(source, ours)
        kept = []
        for each in judged:
            if each.ours:
                kept += [about[each.name]] if each.name in about else []
            elif each.incident.verdicts or self.window.labelled is None:
                kept.append(each.incident)
        return merged(kept), rejected

    def _read(self, source: Source, rows: Sequence[Row]) -> tuple[list[Event], list[Rejection]]:
        read = [self._readers[source.name].read(row) for row in rows]
        events = [each for each in read if isinstance(each, Event)]
        return events, [each for each in read if isinstance(each, Rejection)]

    def _with_logged(self, events: list[Event]) -> list[Event]:
        if self._log is None or not events:
            return events
        logged = self._log.of([each.incident.uid for each in events])
        return [each.judged(logged.get(each.incident.uid, ())) for each in events]

    def _about(self, source: Source, events: Sequence[Event]) -> dict[str, Incident]:
        """The events that judged detections are about, with those verdicts.

        Where the event itself is gone, the detection's copy of its fields stands for it.

        Returns:
            The name of the detection's event to what it is about.
        """
        if not events:
            return {}
        times = {each.incident.uid: original_time(each) for each in events}
        found = self.found({uid: at for uid, at in times.items() if at is not None})
        about = {}
        for each in events:
            event = found.get(each.incident.uid)
            if event is None:
                about[each.name] = self._readers[source.name].carried(each)
            else:
                about[each.name] = replace(event.incident, verdicts=each.incident.verdicts)
        return about

    def found(self, times: dict[str, float]) -> dict[str, Event]:
        """Events by their uids, from whichever source has them; no detections of ours.

        Args:
            times: uid to about when the event happened, seconds since 1970.
        """
        found: dict[str, Event] = {}
        for source in self.site.sources:
            for event in self.of_source(source, {u: t for u, t in times.items() if u not in found}):
                if not event.ours:
                    found.setdefault(event.incident.uid, event)
        return found

    def of_source(self, source: Source, times: dict[str, float]) -> Iterator[Event]:
        """The events of one source with these uids; detections of ours too."""
        for uids, span in spans_of(times):
            rows = list(source.find(uids, span, self.window.text_fields))
            yield from self._read(source, rows)[0]

    def at_any_time(self, source: Source, uids: Sequence[str]) -> list[Event]:
        """The events of one source with these uids, within the window."""
        rows = list(source.find(uids, self.span, self.window.text_fields)) if uids else []
        return self._read(source, rows)[0]


def merged(incidents: Iterable[Incident]) -> list[Incident]:
    """One incident an event: several detections, or several rows, may be about it."""
    found: dict[tuple[str, datetime | None], Incident] = {}
    for each in incidents:
        event = (each.uid, each.at)
        before = found.get(event)
        if before is None:
            found[event] = each
        else:
            verdicts = tuple(dict.fromkeys((*before.verdicts, *each.verdicts)))
            found[event] = replace(before, verdicts=verdicts)
    return list(found.values())


def spans_of(times: dict[str, float]) -> list[tuple[list[str], Span]]:
    """Uids grouped by the time of their events, so that each search is a narrow one.

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
    if len(groups) > _MOST_SPANS:  # a few wide searches cost less than many narrow ones
        size = -(-len(groups) // _MOST_SPANS)
        parts = [groups[start : start + size] for start in range(0, len(groups), size)]
        groups = [[uid for group in part for uid in group] for part in parts]
    return [
        (group, Span(min(times[u] for u in group) - 1, max(times[u] for u in group) + 1))
        for group in groups
    ]


# --- what was judged in the app only ------------------------------------------------------------


def _judged(scan: _Scan, log: VerdictLog, cursor: Cursor) -> Iterator[IncidentPage]:
    """Incidents that the app's verdicts alone judge: what a source brought already is left out."""
    position = cursor.positions.get(_JUDGED)
    for judgements, after in log.pages(
        position.key if position else "", scan.site.config.page_size
    ):
        cursor = cursor.moved(_JUDGED, Position(0, after))
        left = {each.uid: each for each in judgements}
        found: dict[str, Incident] = {}
        for source in scan.site.sources:
            _look_up(scan, source, left, found)
        taken = [_taken(scan, each, found.get(each.uid)) for each in left.values()]
        incidents = [each for each in taken if isinstance(each, Incident) and _in_time(scan, each)]
        rejected = [each for each in taken if isinstance(each, Rejection)]
        yield IncidentPage(tuple(incidents), cursor.encode(), tuple(rejected))


def _look_up(
    scan: _Scan, source: Source, left: dict[str, Judgement], found: dict[str, Incident]
) -> None:
    """Find the events in a source, and take away what its scan has brought under this window."""
    times = {uid: each.at.timestamp() for uid, each in left.items() if each.at is not None}
    untimed = [uid for uid in left if uid not in times]
    events = [*scan.of_source(source, times), *scan.at_any_time(source, untimed)]
    for event, said in zip(events, source.verdicts(events), strict=True):
        uid = event.incident.uid
        if said or (scan.window.labelled is None and not event.ours):
            left.pop(uid, None)
        elif not event.ours:
            found.setdefault(uid, event.incident)


def _taken(scan: _Scan, judgement: Judgement, event: Incident | None) -> Incident | Rejection:
    """The judged event as its source has it, or else as it was shown to the analyst."""
    verdicts = _once(judgement.verdicts)
    if event is not None:
        return replace(event, verdicts=verdicts)
    if judgement.event is None:
        reason = "a verdict names it, and neither a source nor the verdict has its fields"
        return Rejection(judgement.uid, reason)
    shown = judgement.event
    # Who judged a detection was shown the event's fields under other names.
    own = {name.removeprefix(ORIGINAL): shown[name] for name in shown if name.startswith(ORIGINAL)}
    fields = {**own, **shown}
    wanted = scan.window.text_fields or tuple(shown)
    sources = scan.site.sources
    kept = {
        name: fields[name]
        for name in wanted
        if name in fields and not any(source.is_private(name) for source in sources)
    }
    return Incident(judgement.uid, kept, verdicts, judgement.at)


def _once(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return tuple(dict.fromkeys(verdicts))


def _in_time(scan: _Scan, incident: Incident) -> bool:
    since, until = scan.window.since, scan.window.until
    if since is None and until is None:
        return True
    at = incident.at
    return at is not None and (since is None or at >= since) and (until is None or at < until)
