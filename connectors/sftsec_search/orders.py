"""In which order a source is read: by arrival where documents say when they came, else by time.

An event that reaches the cluster late has an old time, and would lie before a cursor that stands
in the order of times. In the order of arrivals it is the newest. The mappings decide, each time
that a source is read: an index may be added, or a data stream roll over to another mapping.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.client import NO_REMOTE, no_remote, quoted
from sftsec_search.config import ARRIVAL

if TYPE_CHECKING:
    from sftsec_core.sdk.window import TimeBounds
    from sftsec_search.client import SearchClient
    from sftsec_search.sources import DocumentSource

# Kibana's rules copy the event into the alert, with the time at which the event arrived.
_COPIES = "kibana.alert.uuid"
_DATES = ("date", "date_nanos")
_NUMBERS = frozenset({"long", "integer", "unsigned_long", "double", "float"})
# A sort by a field that no index has leaves the order to the tie-breakers.
_UNORDERED = "sftsec.unordered"
# Seconds, milliseconds, microseconds, nanoseconds: where each begins, as for all times.
_UNITS = ((-(10**11), 1), (10**11, 10**3), (10**14, 10**6), (10**17, 10**9), (10**20, 0))
_SHOWN = 3
Query = dict[str, Any]
TimeKind = Literal["date", "number", "word", "text"]


@dataclass(frozen=True, slots=True)
class DateField:
    """A field that some of a source's indices map as a date.

    Attributes:
        name: dotted.
        nanos: whether some keep it in nanoseconds.
        others: the indices that map it as something else, in which it cannot be sorted by.
        kind: of a source's `timestamp`, which need be no date. number: since 1970, in any unit;
            word: a keyword, whose order is that of time where it is ISO 8601; text: one that
            cannot be sorted by, or of several types.
    """

    name: str
    nanos: bool = False
    others: tuple[str, ...] = ()
    kind: TimeKind = "date"

    @property
    def sorted_by(self) -> str:
        """The field to sort by."""
        return _UNORDERED if self.kind == "text" else self.name

    def exists(self) -> Query:
        """Return a query for the documents that have the date."""
        there: Query = {"exists": {"field": self.name}}
        return {"bool": {"filter": [there], "must_not": self._elsewhere()}}

    def lacks(self) -> Query:
        """Return a query for the documents that do not."""
        return {"bool": {"must_not": [self.exists()]}}

    def between(self, **bounds: int) -> Query:
        """Return a query for a range of it, in milliseconds since 1970."""
        within: Query = {"range": {self.name: {**bounds, "format": "epoch_millis"}}}
        return {"bool": {"filter": [within], "must_not": self._elsewhere()}}

    def shown_others(self) -> str:
        """Name the first of the other indices, for a message."""
        more = len(self.others) - _SHOWN
        return ", ".join(self.others[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

    def within(self, bounds: TimeBounds) -> list[Query]:
        """Return queries for a range of it."""
        if bounds.since is None and bounds.until is None:
            return []
        if self.kind == "number":
            units = [_numbers(self.name, bounds, *each) for each in pairwise(_UNITS)]
            return [{"bool": {"should": units, "minimum_should_match": 1}}]
        found = {"format": "strict_date_optional_time"}  # the field's own may be another
        if bounds.since:
            found["gte"] = bounds.since.astimezone(UTC).isoformat()
        if bounds.until:
            found["lt"] = bounds.until.astimezone(UTC).isoformat()
        return [{"range": {self.name: found}}]

    def _elsewhere(self) -> list[Query]:
        return [{"terms": {"_index": list(self.others)}}] if self.others else []


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """How a source is read.

    Attributes:
        time: the source's `timestamp`.
        arrival: the field by whose order documents that have it are read; None where none is used.
        reason: why it is, or why none is.
        arrived: the field of arrival, used or not; None where no index has it as a date.
        problem: what to correct, where the configuration names a field that cannot be used.
        label_kinds: the types of the first of the source's `fields`, the label.
    """

    time: DateField
    arrival: DateField | None
    reason: str
    arrived: DateField | None = None
    problem: str | None = None
    label_kinds: frozenset[str] = frozenset()


def fields_asked(source: DocumentSource) -> list[str]:
    """The fields whose mappings decide."""
    return [source.timestamp, source.arrival or ARRIVAL, _COPIES, *source.fields[:1]]


def ask_order(client: SearchClient, source: DocumentSource) -> ReadingOrder:
    """Look at the mappings of a source's indices.

    Raises:
        ConnectorUnavailableError: when the cluster does not answer.
        RequestError, AccessError: when it refuses.
    """
    params = {
        "fields": ",".join(fields_asked(source)),
        "ignore_unavailable": "true",
        "allow_no_indices": "true",
    }
    require_remotes(client, source.index)
    path = f"/{quoted(source.index)}/_field_caps"
    return order_of(source, client.request("GET", path, params=params))


def require_remotes(client: SearchClient, index: str) -> None:
    """See that the remote clusters are there that a source names: OpenSearch overlooks them.

    Raises:
        RequestError: naming the first that is not.
    """
    parts = [each for each in index.split(",") if not each.startswith("<")]
    split = (each.removeprefix("-").partition(":") for each in parts)
    names = [name for name, colon, _ in split if colon and "*" not in name]
    if not names:
        return
    try:
        known = client.request("GET", "/_remote/info")
    except AccessError:
        return  # a search will tell
    for name in names:
        if name not in known:
            raise RequestError(no_remote(name), status=404, kind=NO_REMOTE)


def order_of(source: DocumentSource, answer: Mapping[str, Any]) -> ReadingOrder:
    """Decide on the order.

    Args:
        source: what is read.
        answer: of `_field_caps`, on `fields_asked`.
    """
    caps = answer.get("fields", {})
    kinds = frozenset(kind for name in source.fields[:1] for kind in caps.get(name, {}))
    return replace(_dates(source, caps, answer), label_kinds=kinds)


def _dates(
    source: DocumentSource, caps: Mapping[str, Any], answer: Mapping[str, Any]
) -> ReadingOrder:
    time = _time_field(source.timestamp, caps)
    name = source.arrival
    arrived = _date_field(name or ARRIVAL, caps)
    if name is None:
        return ReadingOrder(time, None, source.why_by_time, arrived)
    if not source.names_arrival and _COPIES in caps:
        return ReadingOrder(time, None, f"of an alert, {name} is when its event came", arrived)
    if arrived is None:
        reason = f"{name} is no date in the mapping"
        named = source.names_arrival and answer.get("indices")
        problem = f"{name!r} of {source.index!r} is no date field: set `arrival_field`"
        return ReadingOrder(time, None, reason, None, problem if named else None)
    return ReadingOrder(time, arrived, _found(arrived), arrived)


def _found(field: DateField) -> str:
    there = f"{field.name} is a date in the mapping"
    return f"{there}, but for {field.shown_others()}" if field.others else there


def _time_field(name: str, caps: Mapping[str, Any]) -> DateField:
    """A source's `timestamp`, whatever it is mapped as."""
    kinds = caps.get(name, {}).keys() - {"unmapped"}
    date = _date_field(name, caps)
    if not kinds:
        return DateField(name)
    if date is not None and not date.others:
        return date
    if kinds <= _NUMBERS:
        return DateField(name, kind="number")
    others = () if date is None else date.others
    return DateField(name, others=others, kind="word" if kinds == {"keyword"} else "text")


def _numbers(name: str, bounds: TimeBounds, unit: tuple[int, int], after: tuple[int, int]) -> Query:
    """A range in one unit: from `unit[0]` on, `unit[1]` a second, up to where another begins."""
    least, most = unit[0], after[0]
    if bounds.since:
        least = max(least, math.ceil(bounds.since.timestamp() * unit[1]))
    if bounds.until:
        most = min(most, math.ceil(bounds.until.timestamp() * unit[1]))
    limit = 1 << 63
    return {"range": {name: {"gte": max(least, -limit), "lt": min(most, limit - 1)}}}


def _date_field(name: str, caps: Mapping[str, Any]) -> DateField | None:
    """The field as a date; None where no index has it as one that can be sorted by."""
    kinds: Mapping[str, Mapping[str, Any]] = caps.get(name, {})
    dates = {kind: found for kind, found in kinds.items() if kind in _DATES}
    usable = {kind: found for kind, found in dates.items() if _is_sortable(found)}
    if not usable:
        return None
    unused: list[str] = []
    for kind, found in kinds.items():
        unused += _indices(found, "indices") if kind not in usable else ()
        unused += _indices(found, "non_aggregatable_indices")
        unused += _indices(found, "non_searchable_indices")
    return DateField(name, "date_nanos" in usable, tuple(dict.fromkeys(unused)))


def _is_sortable(found: Mapping[str, Any]) -> bool:
    """Whether some index of this type can be asked for the field and sorted by it."""
    return all(
        found.get(able) or _indices(found, f"non_{able}_indices")
        for able in ("searchable", "aggregatable")
    )


def _indices(found: Mapping[str, Any], key: str) -> Sequence[str]:
    """A list of an answer: null where it is all of them, or none."""
    return found.get(key) or ()
