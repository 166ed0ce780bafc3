"""The join of a platform's events with the verdicts on them, page by page.

An event gets its verdicts in three ways: from its source itself (a field, a review), from the
platform's append-only log of verdicts, and by way of a detection of ours (or of the alert that
the SIEM made of it), which names the event that it is about. A connector gives its sources and
its log as queries; the algorithm is the same on every platform:

1. Each source is read in its total order. Its records get their own and the logged verdicts;
   a judged detection is replaced by the event that it is about.
2. Then the log is read. What a source has brought already is left out. The other events are
   looked up; where an event is gone, the fields that the log has kept are used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection, Verdict
from sftsec_core.sdk.cursor import PositionT, PullCursor
from sftsec_core.sdk.errors import refuse_private
from sftsec_core.sdk.merging import merge_incidents
from sftsec_core.sdk.window import TimeBounds

if TYPE_CHECKING:
    from datetime import datetime

_LOG = "verdicts"  # the log, as a cursor names it
_GONE = "a verdict names it, and no source has it (any more)"
_UNTIMED = "its event has no time, so it cannot be said to lie in the window"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of the platform, read.

    Attributes:
        name: names the record itself.
        about: the uid of the event that it is about, where it is a detection of ours; else None.
        incident: the record's fields and verdicts, under the uid by which the log names it.
        raw: as it came.
    """

    name: str
    about: str | None
    incident: Incident
    raw: Mapping[str, Any]

    @property
    def is_detection(self) -> bool:
        """Whether the log names it as a detection, not by the event that it is about."""
        return self.about is not None and self.about != self.incident.uid

    def with_verdicts(self, verdicts: tuple[Verdict, ...]) -> SourceRecord:
        """Return the record with these verdicts after those that it has."""
        if not verdicts:
            return self
        joined = (*self.incident.verdicts, *verdicts)
        return replace(self, incident=replace(self.incident, verdicts=joined))


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[PositionT]):
    """A page of records, with the source's own verdicts, and the position after it."""

    records: Sequence[SourceRecord]
    position: PositionT
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """The records that a lookup has found; `rejected` are there and cannot be used."""

    records: Sequence[SourceRecord]
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedVerdicts:
    """What the log holds on one record.

    Attributes:
        uid: of the record.
        verdicts: those that count, oldest first.
        fields: the event's fields as the analyst saw them, where the log has kept them.
        at: the event's time, where the log has kept it.
    """

    uid: str
    verdicts: tuple[Verdict, ...]
    fields: Mapping[str, Any] | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedPage(Generic[PositionT]):
    """A page of the log in the order of uids, and the position after it.

    `rejected` are verdicts that cannot be used, such as those whose time cannot be read.
    """

    logged: Sequence[LoggedVerdicts]
    position: PositionT
    rejected: tuple[Rejection, ...] = ()


class VerdictLog(Protocol[PositionT]):
    """The platform's append-only log of verdicts."""

    def of(self, uids: Sequence[str]) -> Mapping[str, tuple[Verdict, ...]]:
        """Return the verdicts on these records, oldest first."""
        ...

    def pages(
        self, position: PositionT | None, size: int, wanted: tuple[str, ...]
    ) -> Iterator[LoggedPage[PositionT]]:
        """Read all judged records, each once with all its verdicts.

        Args:
            position: of the last page; None starts at the beginning.
            size: records a page, about.
            wanted: the fields to bring, where the log has kept some; empty for all.
        """
        ...


class JoinedSource(ABC, Generic[PositionT]):
    """One source under one window.

    Attributes:
        name: names the source in a cursor; another order of records needs another name.
        has_verdicts: whether its records can have verdicts of their own.
    """

    name: str
    has_verdicts: bool = True

    @abstractmethod
    def pages(self, position: PositionT | None) -> Iterator[RecordPage[PositionT]]:
        """Read the records that the window asks for, after a position, in a total order."""

    @abstractmethod
    def find(self, logged: Sequence[LoggedVerdicts]) -> FoundRecords:
        """Look up records that the log names; those that the source does not have are left out."""

    @abstractmethod
    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        """Look up the events that detections of this source are about, wherever they are.

        Those about one event name the same time of it. Where several records have its uid, as in
        a network flow, the one of that time is meant.

        Returns:
            The event's uid to the event; those that are gone are left out.
        """

    @abstractmethod
    def carried(self, detection: SourceRecord) -> Incident:
        """Return the event of a detection, from the detection's own copy of its fields."""

    @abstractmethod
    def is_private(self, name: str) -> bool:
        """Return whether a field holds what analysts or we said, so that no model may read it."""


@dataclass(frozen=True, slots=True)
class VerdictJoin(Generic[PositionT]):
    """A pull of several sources and a log.

    Attributes:
        window: what is asked for.
        sources: in the order in which they are read.
        log: the verdicts; None where there are none.
        page_size: of the log.
        lookups: further sources, in which only what the log names is looked up.
        log_is_source: whether a pull without regard to labels reads the log too.
    """

    window: PullWindow
    sources: Sequence[JoinedSource[PositionT]]
    log: VerdictLog[PositionT] | None = None
    page_size: int = 2000
    lookups: Sequence[JoinedSource[PositionT]] = ()
    log_is_source: bool = False

    def pages(self, cursor: PullCursor[PositionT]) -> Iterator[IncidentPage]:
        """Read all pages after a cursor.

        Raises:
            PrivateFieldError: when the window names a field that holds verdicts.
        """
        self.refuse_private()
        for source in self.sources:
            cursor = yield from self.source_pages(source, cursor)
        if self.reads_log():
            yield from self.log_pages(cursor)

    def log_pages(self, cursor: PullCursor[PositionT]) -> Iterator[IncidentPage]:
        """Read what the log tells of and no source has brought, after a cursor."""
        if self.log is not None:
            for logged in self.log.pages(
                cursor.positions.get(_LOG), self.page_size, self.window.fields
            ):
                cursor = cursor.moved(_LOG, logged.position)
                found, rejected = self.looked_up(logged.logged)
                yield IncidentPage(tuple(found), cursor.encode(), (*logged.rejected, *rejected))

    def source_pages(
        self, source: JoinedSource[PositionT], cursor: PullCursor[PositionT]
    ) -> Generator[IncidentPage, None, PullCursor[PositionT]]:
        """Read the pages of one source after a cursor; returns the cursor after the last."""
        for page in source.pages(cursor.positions.get(source.name)):
            cursor = cursor.moved(source.name, page.position)
            incidents = tuple(self._incidents(source, page.records))
            yield IncidentPage(incidents, cursor.encode(), page.rejected)
        return cursor

    def refuse_private(self) -> None:
        """Raise PrivateFieldError where the window names a field that holds verdicts."""
        sources = (*self.sources, *self.lookups)
        refuse_private(
            self.window.fields, lambda name: any(source.is_private(name) for source in sources)
        )

    def reads_log(self) -> bool:
        """Whether the pull brings what the log alone tells of."""
        labelled = self.window.labelled
        return labelled is True or (labelled is None and self.log_is_source)

    # --- the sources

    def _incidents(
        self, source: JoinedSource[PositionT], records: Sequence[SourceRecord]
    ) -> list[Incident]:
        records = self._with_logged(records)
        if self.window.labelled is False:
            unlabelled = (r for r in records if r.about is None and not r.incident.verdicts)
            return merge_incidents(each.incident for each in unlabelled)
        judged = [each for each in records if each.about and each.incident.verdicts]
        events = self._events_of(source, judged)
        kept = []
        for each in records:
            if each.about is not None:
                kept += [events[each.name]] if each.name in events else []
            elif each.incident.verdicts or self.window.labelled is None:
                kept.append(each.incident)
        return merge_incidents(kept)

    def _with_logged(self, records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        if self.log is None or not records:
            return records
        logged = self.log.of([each.incident.uid for each in records])
        return [each.with_verdicts(logged.get(each.incident.uid, ())) for each in records]

    def _events_of(
        self, source: JoinedSource[PositionT], detections: Sequence[SourceRecord]
    ) -> dict[str, Incident]:
        """Return the events that judged detections are about, with those verdicts.

        Where the event itself is gone, the detection's copy of its fields is used.

        Returns:
            The detection's name to the event.
        """
        events = {}
        for part in _of_one_time([(each, source.carried(each)) for each in detections]):
            found = source.find_events([each for each, _ in part])
            for each, copy in part:
                event = found.get(each.about or "")
                if event is None:
                    events[each.name] = copy
                    continue
                # Its time may be in a field of another source than this one.
                at = event.incident.at or copy.at
                verdicts = each.incident.verdicts
                events[each.name] = replace(event.incident, verdicts=verdicts, at=at)
        return events

    # --- the log

    def looked_up(
        self,
        logged: Sequence[LoggedVerdicts],
        met: Callable[[datetime | None], object] = lambda _at: None,
    ) -> tuple[list[Incident], list[Rejection]]:
        """Look up what the log names and no source has brought.

        Args:
            logged: a page of the log.
            met: told the time of each incident that was found, whether or not it is in the window.

        Returns:
            The incidents in the window, and what is nowhere or cannot be used.
        """
        lookup = _Lookup({each.uid: each for each in logged})
        for source in (*self.sources, *self.lookups):
            self._look_in(source, lookup)
        bounds = TimeBounds(self.window.since, self.window.until)
        incidents, rejected = [], []
        for uid, each in lookup.left.items():
            incident = lookup.found.get(uid) or self._as_shown(each)
            if incident is None:
                rejected.append(lookup.rejected.get(uid) or Rejection(uid, _GONE))
                continue
            met(incident.at)
            if bounds.contains(incident.at):
                incidents.append(incident)
            elif incident.at is None:
                rejected.append(Rejection(uid, _UNTIMED))
        return incidents, rejected

    def _look_in(self, source: JoinedSource[PositionT], lookup: _Lookup) -> None:
        """Find records in a source, and take away what its scan has brought under this window."""
        everything = source.has_verdicts or self.window.labelled is None
        names = [uid for uid in lookup.left if everything or uid not in lookup.found]
        if not names:
            return
        answer = source.find([lookup.left[uid] for uid in names])
        for rejection in answer.rejected:
            lookup.rejected.setdefault(rejection.where, rejection)
        for record in answer.records:
            if record.incident.verdicts or (self.window.labelled is None and record.about is None):
                lookup.left.pop(record.incident.uid, None)
        judged = [
            lookup.judged(each) for each in answer.records if each.incident.uid in lookup.left
        ]
        events = self._events_of(source, [each for each in judged if each.is_detection])
        for each in judged:
            uid = each.incident.uid
            if each.about is None:
                lookup.found.setdefault(uid, each.incident)
            elif each.is_detection:
                lookup.found.setdefault(uid, events[each.name])

    def _as_shown(self, logged: LoggedVerdicts) -> Incident | None:
        """Return the judged event as the analyst saw it; None where the log has no fields."""
        if logged.fields is None:
            return None
        fields = {
            name: value
            for name, value in logged.fields.items()
            if not any(source.is_private(name) for source in self.sources)
        }
        return Incident(logged.uid, fields, tuple(dict.fromkeys(logged.verdicts)), logged.at)


def _of_one_time(
    detections: Iterable[tuple[SourceRecord, Incident]],
) -> list[list[tuple[SourceRecord, Incident]]]:
    """Part detections, each with its copy of the event, so that in a part a uid has one time.

    Two attacks in one network flow have the flow's uid: a lookup by it brings one of them.
    """
    parts: list[tuple[dict[str | None, datetime | None], list[tuple[SourceRecord, Incident]]]] = []
    for detection, copy in detections:
        for times, part in parts:
            if times.setdefault(detection.about, copy.at) == copy.at:
                part.append((detection, copy))
                break
        else:
            parts.append(({detection.about: copy.at}, [(detection, copy)]))
    return [part for _, part in parts]


@dataclass(slots=True)
class _Lookup:
    """One page of the log while the sources are asked.

    Attributes:
        left: what no source's scan has brought, by uid.
        found: the events that a source has.
        rejected: those that a source has and cannot use.
    """

    left: dict[str, LoggedVerdicts]
    found: dict[str, Incident] = field(default_factory=dict)
    rejected: dict[str, Rejection] = field(default_factory=dict)

    def judged(self, record: SourceRecord) -> SourceRecord:
        """Return a record with what the log holds on it."""
        verdicts = self.left[record.incident.uid].verdicts
        return record.with_verdicts(tuple(dict.fromkeys(verdicts)))
