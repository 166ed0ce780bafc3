"""What a pull asks of one source: which documents, and those in which order.

Documents that say when they arrived are read by their arrival, then the others by their time:
two scans, each of which has a total order without gaps.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.window import TimeBounds
from sftsec_search.config import ARRIVAL
from sftsec_search.paging import HitPage, Scan, ScanQuery
from sftsec_search.positions import SearchPosition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.api.domain import PullWindow
    from sftsec_search.orders import DateField, ReadingOrder
    from sftsec_search.pull import Cluster
    from sftsec_search.sources import DocumentSource

log = logging.getLogger(__name__)
Query = dict[str, Any]
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class SourceReading:
    """A reading of one source under one window.

    Attributes:
        cluster: where to read.
        window: which documents; its bounds are of the source's `timestamp`.
        source: where they are.
        order: how they are read.
        includes: the fields of `_source` to bring; None for all.
    """

    cluster: Cluster
    window: PullWindow
    source: DocumentSource
    order: ReadingOrder
    includes: list[str] | None

    def pages(self, position: SearchPosition | None) -> Iterator[HitPage]:
        """Read page by page after a position; see `Scan`."""
        place = position or SearchPosition()
        arrival = self.order.arrival
        by_time = self._can_go_by_time()
        if arrival is None:
            yield from self._by_time(place, self._left_by_arrival(place))
            return
        if place.arrived is None:
            if place.after:
                for page in self._rest_of_the_instant(place):
                    place = page.position
                    yield page
                place = replace(place, handover=self._handover(place, arrival))
            place = replace(place, arrived=SearchPosition())
        for page in self._by_arrival(place, arrival):
            place = page.position
            yield page
        if by_time:
            yield from self._by_time(place, [arrival.lacks()])

    def count_untimed(self) -> None:
        """Count, in the log, what scoring leaves out because no cursor can stand after it."""
        source = self.source
        arrival = [] if self.order.arrival is None else [self.order.arrival.exists()]
        timed: list[Query] = [{"exists": {"field": source.timestamp}}]
        untimed = self._count([], [*timed, *([] if self._is_bounded() else arrival)])
        if untimed:
            message = "%s documents of %s have no %s and are not scored: set `timestamp`"
            log.warning(message, untimed, source.index, source.timestamp)
        self._count_later()

    def _count_later(self) -> None:
        tomorrow = TimeBounds(since=self.cluster.clock() + timedelta(days=1))
        arrival, time = self.order.arrival, self.order.time
        dates = [] if arrival is None else [(arrival, [arrival.exists()])]
        if time.kind == "date":
            dates.append((time, [] if arrival is None else [arrival.lacks()]))
        for field, chosen in dates:
            if late := self._count([*field.within(tomorrow), *chosen], []):
                message = "%s documents of %s have a %s later than tomorrow and are not scored: %s"
                why = "their clock is wrong, or a number is not in the unit that the mapping says"
                log.warning(message, late, self.source.index, field.name, why)

    def _count(self, wanted: Sequence[Query], unwanted: Sequence[Query]) -> str:
        """How many documents of the source there are; "" for none."""
        source, cluster = self.source, self.cluster
        chosen = [*([source.query] if source.query else []), *wanted]
        body = {"size": 0, "query": {"bool": {"filter": chosen, "must_not": list(unwanted)}}}
        total = cluster.retry(lambda: cluster.client.search(body, source.index))["hits"]["total"]
        least = "at least " if total["relation"] == "gte" else ""
        return f"{least}{total['value']}" if total["value"] else ""

    # --- the two orders

    def _by_arrival(self, place: SearchPosition, arrival: DateField) -> Iterator[HitPage]:
        wanted = [arrival.exists(), *self._in_window()]
        until = TimeBounds.of(replace(self.window, until=None), self._settle, self.cluster.clock)
        if until.until is not None:
            wanted.append(arrival.between(lt=_to_ms(until.until)))
        if place.handover is not None:
            wanted.append(self._unread(*place.handover, arrival))
        for page in self._scan(arrival, wanted, place.arrived):
            yield replace(page, position=replace(place, arrived=page.position))

    def _by_time(self, place: SearchPosition, wanted: Sequence[Query]) -> Iterator[HitPage]:
        bounds = TimeBounds.of(self.window, self._settle, self.cluster.clock)
        time = self.order.time
        # Only scoring has a bound that no cursor may pass.
        chosen = [*wanted, *([] if self.checks_times else time.within(bounds))]
        if self.window.labelled is False:
            chosen.append({"exists": {"field": self.source.timestamp}})
        for page in self._scan(self.order.time, chosen, place):
            found = page.position
            moved = replace(place, after=found.after, seen=found.seen, nanos=found.nanos)
            yield replace(page, position=moved)

    def condition(self) -> Query:
        """Return a query for all that the window asks for, in whatever order."""
        return self._query(self._in_window())

    def _scan(
        self, order: DateField, wanted: Sequence[Query], position: SearchPosition | None
    ) -> Scan:
        condition = self._query(wanted)
        query = ScanQuery(self.source.index, order, condition, self.includes)
        return Scan(self.cluster.client, self.cluster.config, query, position)

    # --- from one order to the other

    def _rest_of_the_instant(self, place: SearchPosition) -> Iterator[HitPage]:
        """Read what shares the time at which a cursor stands that knew no arrivals.

        What comes after that time, or arrives from now on, is told apart by its two dates.
        """
        if place.ms is not None:
            instant = self.order.time.between(gte=place.ms, lt=place.ms + 1)
            yield from self._by_time(place, [instant])

    def _handover(self, place: SearchPosition, arrival: DateField) -> tuple[int | None, int]:
        """Up to which time and arrival documents were read by their time.

        When that was is not known. It was after the newest of them had arrived, and in scoring
        also after that one had settled.
        """
        newest = {"bool": {"must_not": [{"exists": {"field": self.source.timestamp}}]}}
        settled = 0
        if place.ms is not None:
            newest = self.order.time.between(gte=place.ms, lt=place.ms + 1)
            if self.window.labelled is False:
                settled = place.ms + self._settle // _MS
        chosen = [self.source.query] if self.source.query else []
        body = {
            "size": 0,
            "track_total_hits": False,
            "query": {"bool": {"filter": [newest, arrival.exists(), *chosen]}},
            "aggs": {"newest": {"max": {"field": arrival.name}}},
        }
        cluster = self.cluster
        found = cluster.retry(lambda: cluster.client.search(body, self.source.index))
        value = found.get("aggregations", {}).get("newest", {}).get("value")
        return place.ms, max(settled, int(value or 0))

    def _unread(self, time: int | None, arrived: int, arrival: DateField) -> Query:
        """Return a query for what was not read by its time, up to there."""
        unread = [arrival.between(gte=arrived + 1)]
        if time is not None:
            unread.append(self.order.time.between(gte=time + 1))
        return {"bool": {"should": unread, "minimum_should_match": 1}}

    def _left_by_arrival(self, place: SearchPosition) -> list[Query]:
        """Return queries for what was not read by its arrival, while the default field was used."""
        field, arrived = self.order.arrived, place.arrived
        if field is None or field.name != ARRIVAL or arrived is None or not arrived.after:
            return []
        until = None if arrived.ms is None else arrived.ms + 1
        return [] if until is None else [{"bool": {"must_not": [field.between(lt=until)]}}]

    # --- the window

    @property
    def _settle(self) -> timedelta:
        return self.cluster.config.settle

    def _is_bounded(self) -> bool:
        return self.window.since is not None or self.window.until is not None

    @property
    def checks_times(self) -> bool:
        """Whether the engine cannot compare the times, so that each must be read and compared."""
        kind, scoring = self.order.time.kind, self.window.labelled is False
        return self._is_bounded() and (kind == "text" or (kind == "word" and not scoring))

    def _can_go_by_time(self) -> bool:
        """Whether a cursor can stand in the order of times, which only scoring needs to be one.

        Raises:
            RequestError: when there is no order at all in which to score.
        """
        time, arrival = self.order.time, self.order.arrival
        if self.window.labelled is not False or time.kind != "text":
            return True
        where = f" in {time.shown_others()}" if time.others else ""
        reason = f"{time.name!r} of {self.source.index!r} is no date{where}"
        remedy = "map it as a date, or set `timestamp` to a field that is one"
        if arrival is None:
            why = "so that there is no order to score in"
            raise RequestError(f"{reason}, {why}: {remedy}", status=400)
        if left := self._count([arrival.lacks()], []):
            log.warning("%s: %s documents are not scored: %s", reason, left, remedy)
        return False

    def _in_window(self) -> list[Query]:
        bounds = TimeBounds(self.window.since, self.window.until)
        return [] if self.checks_times else self.order.time.within(bounds)

    def _query(self, wanted: Sequence[Query]) -> Query:
        """Return the query for what the window asks."""
        source, labelled = self.source, self.window.labelled
        with_label = source.labelled_filter()
        chosen: list[Any] = [source.query] if source.query else []
        unwanted: list[Any] = []
        if labelled and with_label is not None:
            chosen.append(with_label)
        elif labelled is False:
            unwanted += source.judged_filters(self.order.label_kinds)
            unwanted += source.closed_filters()
        return {"bool": {"filter": [*chosen, *wanted], "must_not": unwanted}}


def _to_ms(at: datetime) -> int:
    return (at - _1970) // _MS
