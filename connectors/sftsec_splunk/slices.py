"""All events of a search in a total order, in slices of time that one search can hold.

How many events there are decides where a slice ends: they are counted in bins of whole seconds,
and a bin that is too large is parted again. A slice is sorted by Splunk and read page by page;
after an interruption it is read again from after the last event that was returned. Rows that
have not the time of the order come first, so that a cursor can stand after them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from sftsec_core.api.domain import Rejection
from sftsec_core.sdk.errors import TooLargeError
from sftsec_splunk.errors import SearchError
from sftsec_splunk.order import UNPLACED_MS, Order
from sftsec_splunk.positions import EventFloor, SplunkPosition
from sftsec_splunk.searches import JobGoneError, Row, TimeSpan
from sftsec_splunk.spl import keyed

if TYPE_CHECKING:
    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.identity import EventNames
    from sftsec_splunk.searches import Searches, SearchJob

log = logging.getLogger(__name__)
T = TypeVar("T", int, float)
_BINS = 200
_MOST_LOST_JOBS = 3  # in a row
_NAMED = ("sftsec_at", "sftsec_key", "sftsec_uid")
_TOO_LARGE = "it is larger than max_page_bytes"
_UNPLACED_S = UNPLACED_MS // 1000
_AFTER_UNPLACED = SplunkPosition(UNPLACED_MS, "~", indexed=True)  # a key begins with k


@dataclass(frozen=True, slots=True)
class SliceQuery:
    """What to read.

    Attributes:
        base: SPL that gives events.
        names: how an event is named.
        span: from when to when.
        condition: of `where`, on the events; "" for all.
        keep: the last command, which says which fields to bring.
        in_time: whether the span is the search's own too; else `_time` was made by the search.
        order: which time orders the events.
    """

    base: str
    names: EventNames
    span: TimeSpan
    condition: str
    keep: str
    in_time: bool = True
    order: Order = Order.EVENT_TIME


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
        self._floor: EventFloor | None = None

    def pages(self, position: SplunkPosition | None) -> Iterator[RowPage]:
        """Read the events after a position, in the order of `sftsec_at` and `sftsec_key`.

        Raises:
            SearchError: when a search fails or gives a part only, or when none of its rows has
                the time of the order.
            ConnectorUnavailableError: when Splunk did not come back within the bound.
        """
        position = self._in_order(position)
        for start, end in self._slices(position):
            for page in self._slice(start, end, position):
                position = page.position
                yield page

    def _in_order(self, position: SplunkPosition | None) -> SplunkPosition | None:
        """A position that another order has left, as one of this order."""
        indexed = self._query.order is Order.INDEX_TIME
        if position is None or position.indexed == indexed:
            self._floor = None if position is None else position.floor
            return position
        if not indexed:  # what was indexed up to then was read, and has no later time of its own
            return SplunkPosition(position.ms, "")
        until = self._query.span.index_latest
        self._floor = EventFloor(position.ms, position.key, None if until is None else until * 1000)
        return replace(_AFTER_UNPLACED, floor=self._floor)

    # --- where slices begin and end: whole seconds, so that they agree with sftsec_at

    def _slices(self, position: SplunkPosition | None) -> Iterator[tuple[int, int]]:
        since = None if position is None else position.ms // 1000
        figures = "count AS n, count(placed) AS placed, min(placed) AS low, max(placed) AS high"
        command = f"| eval placed=if(sftsec_at={UNPLACED_MS}, null(), sftsec_at) | stats {figures}"
        [found] = self._searches.rows(*self._limited(command, since, None, []))
        total, placed = int(found["n"]), int(found["placed"])
        if total > placed:
            self._see_unplaced(total - placed, placed, position)
            if position is None or position < _AFTER_UNPLACED:
                yield _UNPLACED_S, _UNPLACED_S + 1
        if placed:
            low, high = (math.floor(float(found[name]) / 1000) for name in ("low", "high"))
            yield from self._parted(low, high + 1, placed)

    def _see_unplaced(self, count: int, placed: int, position: SplunkPosition | None) -> None:
        if not placed and self._query.order is Order.INDEX_TIME:
            raise SearchError(
                "no row of the search has _indextime, which a command in it drops: set "
                "`order: event_time` beside it"
            )
        if position is not None and position > _AFTER_UNPLACED:
            message = "%d results of a search have no %s, and none that is new is read"
            log.warning(message, count, self._query.order.field)

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
            f"| eval sftsec_bin=floor((sftsec_at/1000-{start})/{width})"
            " | stats count AS n by sftsec_bin"
        )
        rows = self._searches.rows(*self._limited(command, start, end, []))
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
        conditions = []
        if position is not None:
            conditions.append(_after("sftsec_at", position.ms, position.key))
        order = "| sort 0 num(sftsec_at), str(sftsec_key)"
        return self._limited(f"{order} {self._query.keep}", start, end, conditions)

    def _limited(
        self, commands: str, start: int | None, end: int | None, conditions: list[str]
    ) -> tuple[str, TimeSpan]:
        """The search with these conditions and commands after it, and its time."""
        query = self._query
        conditions = [*conditions, *self._bounds(start, end)]
        if query.condition:
            conditions.append(f"({query.condition})")
        where = f"| where {' AND '.join(conditions)} " if conditions else ""
        search = f"{keyed(query.base, query.names, query.order)} {where}{commands}"
        return search, self._span(start, end)

    def _bounds(self, start: int | None, end: int | None) -> Iterator[str]:
        """Conditions on the rows: a search that generates rows does not heed a job's times."""
        span = self._query.span
        for sign, at in ((">=", span.earliest), ("<", span.latest)):
            if at is not None:
                yield f"(isnull(_time) OR _time{sign}{at:.3f})"
        # A row without a time is counted whatever the position is: it is not to be lost unsaid.
        if start is not None:
            unplaced = "" if end is not None else f"sftsec_at={UNPLACED_MS} OR "
            yield f"({unplaced}sftsec_at>={start * 1000})"
        if end is not None:
            yield f"sftsec_at<{end * 1000}"
        if self._query.order is Order.INDEX_TIME and span.index_latest is not None:
            yield f"sftsec_at<{span.index_latest * 1000}"
        if self._floor is not None:
            floor = self._floor
            later = "" if floor.until is None else f" OR sftsec_at>={floor.until}"
            yield f"({_after('sftsec_ms', floor.ms, floor.key)}{later})"

    def _span(self, start: int | None, end: int | None) -> TimeSpan:
        """The job's times: they spare Splunk what the conditions would leave out."""
        query, span = self._query, self._query.span
        if start is not None and start <= _UNPLACED_S:
            start = end = None
        own = span if query.in_time else TimeSpan()
        if query.order is Order.INDEX_TIME:
            return TimeSpan(own.earliest, own.latest, start, _sooner(span.index_latest, end))
        if not query.in_time:
            return TimeSpan()
        return TimeSpan(_later(own.earliest, start), _sooner(own.latest, end))

    def _pages_of(self, job: SearchJob) -> Iterator[RowPage]:
        offset, size = 0, self._config.page_size
        most = job.count
        while offset < job.count:
            try:
                rows = job.page(offset, size)
            except TooLargeError:
                if size > 1:
                    most = size = max(size // 4, 1)
                    continue
                [row] = job.page(offset, 1, _NAMED)
                rejection = Rejection(str(row.get("sftsec_uid", "?")), _TOO_LARGE)
                yield RowPage([], self._after_row(row), (rejection,))
                rows = []
            if offset + len(rows) < job.count and rows:
                whole = _whole_groups(rows)
                if not whole and size < most:  # no cursor can stand within a group
                    size = min(2 * size, most)
                    continue
                rows = whole or rows
            if rows:
                yield RowPage(rows, self._after_row(rows[-1]))
            offset += len(rows) or 1
            size = min(size, self._config.page_size)

    def _after_row(self, row: Row) -> SplunkPosition:
        """The position after a row, with what a later pull must know of the order before."""
        position, floor = position_of(row), self._floor
        if self._query.order is Order.EVENT_TIME:
            return position
        if floor is not None and floor.until is not None and position.ms >= floor.until:
            floor = None
        return SplunkPosition(position.ms, position.key, True, floor)


def position_of(row: Row) -> SplunkPosition:
    """Return the position right after a row."""
    return SplunkPosition(int(float(row["sftsec_at"])), str(row["sftsec_key"]))


def _after(time: str, ms: int, key: str) -> str:
    """A condition of `where`: a row comes after a place in the order of this time."""
    return f'({time}>{ms} OR ({time}={ms} AND sftsec_key>"{key}"))'


def _whole_groups(rows: list[Row]) -> list[Row]:
    """Without the last rows of one place: more of them may stand on the next page."""
    last = len(rows)
    while last > 0 and position_of(rows[last - 1]) == position_of(rows[-1]):
        last -= 1
    return rows[:last]


def _later(one: T | None, other: T | None) -> T | None:
    given = [each for each in (one, other) if each is not None]
    return max(given) if given else None


def _sooner(one: T | None, other: T | None) -> T | None:
    given = [each for each in (one, other) if each is not None]
    return min(given) if given else None
