"""Enterprise Security 8's findings by its public API, and the investigations that judge them.

The API pages by offset over what may change in the meantime. So a slice of time is taken that holds
some hundreds, read whole, and sorted here; when its total has changed, it is read again. The API
knows no index time: one that comes late is told by the digests of those that were read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.portable import is_private
from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_splunk.client import path_of
from sftsec_splunk.config import UNASSIGNED
from sftsec_splunk.errors import SearchError
from sftsec_splunk.identity import key_of
from sftsec_splunk.positions import DIGEST_DIGITS, SplunkPosition
from sftsec_splunk.reviews import Judged, Reviews
from sftsec_splunk.searches import TimeSpan
from sftsec_splunk.slices import RowPage, position_of
from sftsec_splunk.sources import EventSource
from sftsec_splunk.times import time_or_none

if TYPE_CHECKING:
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_splunk.client import Splunk
    from sftsec_splunk.config import FindingsSource, SplunkConfig
    from sftsec_splunk.searches import Row, Searches

_V2 = ("servicesNS", "nobody", "missioncontrol", "public", "v2")
_PAGE = 100  # the most that the API gives at once
_SLICE = 1000
_AGAIN = 5
_AHEAD_S = 86_400.0  # an event's clock may be ahead of ours
_MOST_JUDGED = 200_000


@dataclass(frozen=True, slots=True)
class _Part:
    """Findings of some seconds, from `start` up to, and without, `end`; `total` of them."""

    start: int
    end: int
    total: int


class _Read:
    """The findings that were read, of the last time: one that comes late is none of them."""

    def __init__(self, late: timedelta) -> None:
        self._late_ms = late.total_seconds() * 1000
        self._times: dict[str, int] = {}

    def add(self, rows: Iterable[Row]) -> None:
        self._times |= {_digest(row): int(row["sftsec_ms"]) for row in rows}

    def after(self, position: SplunkPosition, rows: Iterable[Row]) -> SplunkPosition:
        """Add rows; the position after them, which knows all that one may come late beside."""
        self.add(rows)
        first = position.ms - self._late_ms
        self._times = {name: ms for name, ms in self._times.items() if ms >= first}
        return replace(position, seen=tuple(sorted(self._times)))


class Findings(EventSource):
    """Findings, with their reviews and those of their investigations."""

    name = title = "findings"
    holds_alerts = True
    by_event_time = "the API of findings knows no index time"

    def __init__(
        self, splunk: Splunk, searches: Searches, config: SplunkConfig, source: FindingsSource
    ) -> None:
        self._splunk = splunk
        self._config = config
        self._source = source
        self.rename = source.rename
        self.late = source.late
        self._reviews = Reviews(searches, source)
        self._investigated: dict[str, Judged] = {}

    def pages(
        self, window: PullWindow, span: TimeSpan, position: SplunkPosition | None
    ) -> Iterator[RowPage]:
        """Read slice by slice; whether a finding is judged is seen when it is here."""
        self._investigated = self._by_investigations() if self._source.investigations else {}
        read = _Read(self.late)
        if position is not None:
            for some in self._paged(self._late(span, position, read)):
                yield RowPage(self._kept(window, some), read.after(position, some))
        start = int(span.earliest or 0) if position is None else position.ms // 1000
        end = int(-(-span.latest // 1)) if span.latest is not None else int(time.time() + _AHEAD_S)
        for part in self._parted(max(start, 0), end):
            rows = [each for each in self._rows(part) if _within(each, span)]
            if position is not None:
                rows = [each for each in rows if position_of(each) > position]
            for some in self._paged(rows):
                position = read.after(position_of(some[-1]), some)
                yield RowPage(self._kept(window, some), position)

    def _paged(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        size = self._config.page_size
        return (rows[place : place + size] for place in range(0, len(rows), size))

    def _late(self, span: TimeSpan, position: SplunkPosition, read: _Read) -> list[Row]:
        """The findings before a position that were not there when it was reached."""
        start = position.ms / 1000 - self.late.total_seconds()
        begin = max(int(start), int(span.earliest or 0), 0)
        rows = [
            row
            for part in self._parted(begin, position.ms // 1000 + 1)
            for row in self._rows(part)
            if _within(row, span) and position_of(row) <= position
        ]
        known = None if position.seen is None else set(position.seen)
        late = [] if known is None else [row for row in rows if _digest(row) not in known]
        names = {_digest(row) for row in late}
        read.add(row for row in rows if _digest(row) not in names)
        return late

    def find(self, uids: Sequence[str], span: TimeSpan, fields: Sequence[str]) -> Iterator[Row]:
        """Look through the findings of the span: one may be named by the event that it is about."""
        del fields
        wanted = set(uids)
        start, end = int(span.earliest or 0), int(span.latest or time.time()) + 1
        for part in self._parted(start, end):
            yield from (row for row in self._rows(part) if row["sftsec_uid"] in wanted)

    def verdicts(self, records: Sequence[SourceRecord]) -> list[Judged]:
        """By their own reviews, and then by those of their investigations."""
        found = self._reviews.of([each.name for each in records])
        return [
            _joined(found.get(each.name, ()), self._investigated.get(each.name, ()))
            for each in records
        ]

    def is_private_there(self, name: str) -> bool:
        """A review's fields too."""
        return is_private(name, finding=True)

    def probe(self) -> None:
        """Ask for one; the reviews too."""
        try:
            self._answer(0, int(time.time()), limit=1, offset=0)
        except RequestError as error:
            raise SearchError(f"findings cannot be read, which need version 8: {error}") from None
        self._reviews.probe()

    def _kept(self, window: PullWindow, rows: Iterable[Row]) -> list[Row]:
        """What was closed without a verdict is not scored."""
        if window.labelled is not False:
            return list(rows)
        return [each for each in rows if str(each.get("status", "1")) not in {"4", "5"}]

    # --- slices

    def _parted(self, start: int, end: int) -> Iterator[_Part]:
        if end <= start:
            return
        total = int(self._answer(start, end, limit=1, offset=0).get("total", 0))
        if total == 0:
            return
        if total <= _SLICE or end - start <= 1:
            yield _Part(start, end, total)
            return
        middle = (start + end) // 2
        yield from self._parted(start, middle)
        yield from self._parted(middle, end)

    def _rows(self, part: _Part) -> list[Row]:
        """All findings of a part, in their order; one is there once."""
        for _ in range(_AGAIN):
            found: dict[str, Row] = {}
            total, offset = part.total, 0
            while offset < total:
                answer = self._answer(part.start, part.end, limit=_PAGE, offset=offset)
                items = answer.get("items") or []
                found.update((str(each.get("finding_id")), _row(each)) for each in items)
                total, offset = int(answer.get("total", total)), offset + _PAGE
            if len(found) == total:
                return sorted(found.values(), key=position_of)
        raise SearchError("findings changed whenever they were read; pull again")

    def _answer(self, start: int, end: int, **paging: int) -> dict[str, Any]:
        path = path_of(*_V2, "findings")
        found: dict[str, Any] = self._splunk.get(path, earliest=start, latest=end, **paging)
        return found

    # --- investigations

    def _by_investigations(self) -> dict[str, Judged]:
        """The verdicts of investigations by the findings in them."""
        found: dict[str, Judged] = {}
        for each in self._investigations():
            judged = self._judged(each)
            if judged:
                for name in _members(each):
                    found[name] = _joined(found.get(name, ()), judged)
            if len(found) > _MOST_JUDGED:
                raise SearchError("too many investigations: set `investigations: false`")
        return found

    def _investigations(self) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        offset = 0
        while True:
            query = {"limit": _PAGE, "offset": offset, "sort": "create_time:asc"}
            try:
                found = self._splunk.get(path_of(*_V2, "investigations"), **query)
            except RequestError as error:
                raise SearchError(f"investigations cannot be read: {error}") from None
            items = found if isinstance(found, list) else (found or {}).get("items", [])
            for each in items:
                guid = str(each.get("investigation_guid"))
                if guid not in seen:
                    seen.add(guid)
                    yield each
            if len(items) < _PAGE:
                return
            offset += _PAGE

    def _judged(self, investigation: Mapping[str, Any]) -> Judged:
        """Its verdict, if it has one."""
        disposition = str(investigation.get("disposition") or UNASSIGNED)
        value = self._source.values.get(disposition, disposition)
        if disposition in self._source.defaults:
            return ()
        if not value:
            return ()
        owner = investigation.get("owner")
        who = None if owner in (None, "", "unassigned") else str(owner)
        reason = f"investigation {investigation.get('investigation_id')}"
        automated = who is None or who in self._source.automation
        try:
            at = parse_time(investigation.get("update_time"), "update_time")
        except UnusableError as error:
            return error
        return (Verdict(value, who, at, reason, automated),)


def _joined(first: Judged, second: Judged) -> Judged:
    if isinstance(first, UnusableError):
        return first
    return second if isinstance(second, UnusableError) else (*first, *second)


def _members(investigation: Mapping[str, Any]) -> list[str]:
    found = (investigation.get("consolidated_findings") or {}).get("event_id") or []
    return [str(each) for each in (found if isinstance(found, list) else [found])]


def _row(item: Mapping[str, Any]) -> Row:
    """A finding as a row of a search has it: a name, and a place in the order."""
    uid = str(item.get("event_id") or item.get("finding_id"))
    at = time_or_none(item.get("_time"))
    ms = int(at.timestamp() * 1000) if at is not None else 0
    return {**item, "sftsec_uid": uid, "sftsec_ms": ms, "sftsec_at": ms, "sftsec_key": key_of(uid)}


def _digest(row: Row) -> str:
    return str(row["sftsec_key"])[1 : 1 + DIGEST_DIGITS]


def _within(row: Row, span: TimeSpan) -> bool:
    at = row["sftsec_ms"] / 1000
    if not at:  # one whose time cannot be read is to be counted among the rejected
        return True
    earliest, latest = span.earliest, span.latest
    return (earliest is None or at >= earliest) and (latest is None or at < latest)
