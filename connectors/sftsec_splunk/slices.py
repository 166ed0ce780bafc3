"""All events of a search in a total order, in slices of time that one search can hold.

How many events there are decides where a slice ends: they are counted in bins of whole seconds,
and a bin that is too large is parted again. A slice is sorted by Splunk and read page by page;
after an interruption it is read again from after the last event that was returned.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Rejection
from sftsec_core.sdk.errors import TooLargeError
from sftsec_splunk.positions import SplunkPosition
from sftsec_splunk.searches import JobGoneError, Row, TimeSpan
from sftsec_splunk.spl import keyed

if TYPE_CHECKING:
    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.searches import Searches, SearchJob

log = logging.getLogger(__name__)
_BINS = 200
_MOST_LOST_JOBS = 3  # in a row
_TIMED = ["isnotnull(_time)"]
_NAMED = ("sftsec_ms", "sftsec_key", "sftsec_uid")
_TOO_LARGE = "it is larger than max_page_bytes"


@dataclass(frozen=True, slots=True)
class SliceQuery:
    """What to read.

    Attributes:
        base: SPL that gives events; each needs `_time`.
        uid: an expression of eval that names an event.
        span: from when to when.
        condition: of `where`, on the events; "" for all.
        keep: the last command, which says which fields to bring.
        in_time: whether the span is the search's own; else `_time` was made by the search, and
            the span is a condition on it.
    """

    base: str
    uid: str
    span: TimeSpan
    condition: str
    keep: str
    in_time: bool = True


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of rows with the position after it; `rejected` were too large to bring."""

    rows: list[Row]
    position: SplunkPosition
    rejected: tuple[Rejection, ...] = field(default=())


class Slices:
    """Reads a query's events from any position on."""

    def __init__(self, searches: Searches, config: SplunkConfig, query: SliceQuery) -> None:
        self._searches = searches
        self._config = config
        self._query = query

    def pages(self, position: SplunkPosition | None) -> Iterator[RowPage]:
        """Read the events after a position, in the order of `sftsec_ms` and `sftsec_key`.

        Raises:
            SearchError: when a search fails or gives a part only.
            ConnectorUnavailableError: when Splunk did not come back within the bound.
        """
        for start, end in self._slices(position):
            for page in self._slice(start, end, position):
                position = page.position
                yield page

    # --- where slices begin and end: whole seconds, so that they agree with sftsec_ms

    def _slices(self, position: SplunkPosition | None) -> Iterator[tuple[int, int]]:
        since = None if position is None else position.ms // 1000
        figures = "count AS n, count(_time) AS timed, min(_time) AS low, max(_time) AS high"
        [found] = self._searches.rows(*self._limited(f"| stats {figures}", since, None, []))
        total, timed = int(found["n"]), int(found["timed"])
        if total > timed:
            log.warning("%d results of a search have no _time and are left out", total - timed)
        if timed:
            low, high = math.floor(float(found["low"])), math.floor(float(found["high"]))
            yield from self._parted(low, high + 1, timed)

    def _parted(self, start: int, end: int, count: int) -> Iterator[tuple[int, int]]:
        if count <= self._config.slice_events or end - start <= 1:
            yield start, end
            return
        width, begun, held = math.ceil((end - start) / _BINS), start, 0
        for number, some in self._bins(start, end, width):
            opens = start + number * width
            if held and held + some > self._config.slice_events:
                yield begun, opens
                begun, held = opens, 0
            if some > self._config.slice_events:
                closes = min(opens + width, end)
                yield from self._parted(begun, closes, some)
                begun = closes
            else:
                held += some
        if held:
            yield begun, end

    def _bins(self, start: int, end: int, width: int) -> list[tuple[int, int]]:
        """The bins that hold events, in their order: number and count."""
        command = (
            f"| eval sftsec_bin=floor((_time-{start})/{width}) | stats count AS n by sftsec_bin"
        )
        rows = self._searches.rows(*self._limited(command, start, end, _TIMED))
        return sorted((int(float(row["sftsec_bin"])), int(row["n"])) for row in rows)

    # --- one slice

    def _slice(self, start: int, end: int, position: SplunkPosition | None) -> Iterator[RowPage]:
        lost = 0
        while True:
            try:
                with self._searches.job(*self._sorted(start, end, position)) as job:
                    for page in self._pages_of(job):
                        position, lost = page.position, 0
                        yield page
            except JobGoneError:
                lost += 1
                if lost >= _MOST_LOST_JOBS:
                    raise
                log.warning("Splunk has lost a search job; it is run again from the last position")
            else:
                return

    def _sorted(
        self, start: int, end: int, position: SplunkPosition | None
    ) -> tuple[str, TimeSpan]:
        conditions = list(_TIMED)
        if position is not None:
            ms, key = position.ms, position.key
            conditions.append(f'(sftsec_ms>{ms} OR (sftsec_ms={ms} AND sftsec_key>"{key}"))')
        order = "| sort 0 num(sftsec_ms), str(sftsec_key)"
        return self._limited(f"{order} {self._query.keep}", start, end, conditions)

    def _limited(
        self, commands: str, start: int | None, end: int | None, conditions: list[str]
    ) -> tuple[str, TimeSpan]:
        """The search with these conditions and commands after it, and its time."""
        query = self._query
        if query.condition:
            conditions = [*conditions, f"({query.condition})"]
        span = TimeSpan(_later(query.span.earliest, start), _sooner(query.span.latest, end))
        if not query.in_time:
            bounds = {">=": span.earliest, "<": span.latest}
            conditions = [
                *conditions,
                *(f"_time{sign}{bound:.3f}" for sign, bound in bounds.items() if bound is not None),
            ]
            span = TimeSpan()
        where = f"| where {' AND '.join(conditions)} " if conditions else ""
        return f"{keyed(query.base, query.uid)} {where}{commands}", span

    def _pages_of(self, job: SearchJob) -> Iterator[RowPage]:
        offset, size = 0, self._config.page_size
        while offset < job.count:
            try:
                rows = job.page(offset, size)
            except TooLargeError:
                if size > 1:
                    size = max(size // 4, 1)
                    continue
                yield _refused(job.page(offset, 1, _NAMED)[0])
                rows = []
            if offset + len(rows) < job.count:
                rows = _whole_groups(rows)
            if rows:
                yield RowPage(rows, position_of(rows[-1]))
            offset += len(rows) or 1


def position_of(row: Row) -> SplunkPosition:
    """Return the position right after a row."""
    return SplunkPosition(int(float(row["sftsec_ms"])), str(row["sftsec_key"]))


def _whole_groups(rows: list[Row]) -> list[Row]:
    """Without the last rows of one place: more of them may stand on the next page."""
    last = len(rows)
    while last > 0 and position_of(rows[last - 1]) == position_of(rows[-1]):
        last -= 1
    return rows[:last] or rows


def _refused(row: Row) -> RowPage:
    rejection = Rejection(str(row.get("sftsec_uid", "?")), _TOO_LARGE)
    return RowPage([], position_of(row), (rejection,))


def _later(one: float | None, other: float | None) -> float | None:
    given = [each for each in (one, other) if each is not None]
    return max(given) if given else None


def _sooner(one: float | None, other: float | None) -> float | None:
    given = [each for each in (one, other) if each is not None]
    return min(given) if given else None
