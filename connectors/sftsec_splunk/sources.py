"""What the sources return, and where the verdict on one of their events is."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.portable import DETECTION_TYPE, is_private, plain_name
from sftsec_core.sdk.records import UnusableError, parse_time, single, verdict_values
from sftsec_splunk.errors import SearchError
from sftsec_splunk.identity import NOTABLE_UID, EventNames, names_of
from sftsec_splunk.misspelt import absent_fields
from sftsec_splunk.order import Order, what_loses_index_time
from sftsec_splunk.reviews import Judged, Reviews
from sftsec_splunk.rows import ABOUT, DETECTION, ORIGINAL_TIME, RAW
from sftsec_splunk.searches import TimeSpan
from sftsec_splunk.slices import RowPage, SliceQuery, Slices
from sftsec_splunk.spellings import find, is_empty, spellings, value_of, with_arrays
from sftsec_splunk.spl import among, field_clause, indexes_of, whole

if TYPE_CHECKING:
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_splunk.config import NotablesSource, ReadOrder, SearchSource, SplunkConfig
    from sftsec_splunk.positions import SplunkPosition
    from sftsec_splunk.searches import Row, Searches

_OURS = (DETECTION, ABOUT, ORIGINAL_TIME, RAW, "index", "_bkt", "sourcetype")
_WITH_RAW = f'| eval {RAW}=if(sourcetype="{DETECTION_TYPE}", _raw, null())'
_NAMES = ("sftsec_uid", "sftsec_ms", "sftsec_at", "sftsec_key", "event_id", "finding_id")
# Events with all fields, whatever the mode of the search, and with what names and orders them.
_ALL_FIELDS = "fields *, _bkt, _cd, _indextime"
_PROBED_S = 900.0
# A number since 1970 in seconds, by its size: two units share no number from 1990 on.
_SECONDS = (
    "tonumber(TIME) / case(abs(tonumber(TIME))>=1e20, null(), tonumber(TIME)>=1e17, 1e9, "
    "tonumber(TIME)>=1e14, 1e6, tonumber(TIME)>=1e11, 1e3, tonumber(TIME)>-1e11, 1)"
)
_SAMPLE = 50
_SHOWN = 60  # characters of a search
_KEYS = 500  # that one search looks for


class EventSource(ABC):
    """A source as the pull sees it.

    Attributes:
        name: names the source in a cursor; another order of events needs another name.
        title: names it to a person.
        order: in the order of which time its events are read.
        by_event_time: why that is not the index time; "" where it is.
        late: how late an event may then come and still be read; none: `settle`.
        rename: names of fields to those that they have in Splunk.
        indexes: that its search names, without those that are patterns.
        holds_alerts: whether Enterprise Security writes them, so that one may be of a detection.
        time_field: where the event's time is written, for a reason; `uid_fields` likewise.
    """

    name: str
    title: str
    order: Order = Order.EVENT_TIME
    by_event_time: str = ""
    late: timedelta = timedelta()
    rename: Mapping[str, str] = MappingProxyType({})
    indexes: tuple[str, ...] = ()
    time_field: str = "_time"
    uid_fields: tuple[str, ...] = ()
    holds_alerts: bool = False

    @abstractmethod
    def pages(
        self, window: PullWindow, span: TimeSpan, position: SplunkPosition | None
    ) -> Iterator[RowPage]:
        """Read the events that the window asks for, after a position, in a total order.

        Args:
            window: of which `labelled` and `fields` count here.
            span: from when to when.
            position: of the last page; None begins at the start.
        """

    @abstractmethod
    def find(self, uids: Sequence[str], span: TimeSpan, fields: Sequence[str]) -> Iterator[Row]:
        """The events with these names that happened in a span; detections of ours too."""

    @abstractmethod
    def verdicts(self, records: Sequence[SourceRecord]) -> list[Judged]:
        """Return the verdicts that the source itself has on records, or why they are of no use."""

    @abstractmethod
    def probe(self) -> None:
        """Try whether it can be read at all.

        Raises:
            ConnectorError: when it cannot.
        """

    def field_problems(self) -> Iterator[str]:
        """Say which fields of the settings no event has, a line each.

        Raises:
            ConnectorError: when it cannot be read.
        """
        return iter(())

    @property
    def has_verdicts(self) -> bool:
        """Whether the source itself can have verdicts."""
        return True

    def is_private(self, name: str) -> bool:
        """Whether a field holds what analysts or we said, so that no model may read it."""
        there = self.rename.get(name, name)
        return any(self.is_private_there(each) for each in {name, there})

    def is_private_there(self, name: str) -> bool:
        """The same of a field by its name in Splunk."""
        return is_private(name)


class SearchedSource(EventSource):
    """A source that is a search."""

    def __init__(
        self, searches: Searches, config: SplunkConfig, base: str, names: EventNames
    ) -> None:
        """Take the parts.

        Args:
            searches: run them.
            config: the sizes.
            base: SPL that gives events.
            names: how events are named.
        """
        self._searches = searches
        self._config = config
        self._base = base
        self._names = names

    def pages(
        self, window: PullWindow, span: TimeSpan, position: SplunkPosition | None
    ) -> Iterator[RowPage]:
        """Read slice by slice."""
        if window.labelled and not self.has_verdicts:
            return
        condition = {
            True: self.labelled_filter(),
            False: self.unlabelled_filter(),
            None: "",
        }[window.labelled]
        query = self._query(span, condition, window.fields, self.order)
        yield from Slices(self._searches, self._config, query).pages(position)

    def find(self, uids: Sequence[str], span: TimeSpan, fields: Sequence[str]) -> Iterator[Row]:
        """Search for their keys."""
        wanted = set(uids)
        keys = list(dict.fromkeys(key for uid in uids for key in self._names.keys(uid)))
        for start in range(0, len(keys), _KEYS):
            condition = among(keys[start : start + _KEYS])
            query = self._query(span, condition, fields, Order.EVENT_TIME)
            for page in Slices(self._searches, self._config, query).pages(None):
                yield from (row for row in page.rows if row.get("sftsec_uid") in wanted)

    def probe(self) -> None:
        """Search the last minutes."""
        span = TimeSpan(time.time() - _PROBED_S) if self.in_time else TimeSpan()
        rows = self._searches.rows(f"{self._base} | head 1 | fields _time, _indextime", span)
        if self.order is Order.INDEX_TIME and any("_indextime" not in row for row in rows):
            raise SearchError("its rows have no _indextime: set `order: event_time` beside it")

    def _query(
        self, span: TimeSpan, condition: str, fields: Sequence[str], order: Order
    ) -> SliceQuery:
        keep = self._keep(fields)
        return SliceQuery(self._base, self._names, span, condition, keep, self.in_time, order)

    def _keep(self, fields: Sequence[str]) -> str:
        if not fields:
            return f"{_WITH_RAW} | fields *"
        kept = [*_NAMES, *_OURS, *self.needed]
        for each in fields:
            for name in dict.fromkeys((each, self.rename.get(each, each), f"orig_{each}")):
                kept += spellings(name)
        return f"{_WITH_RAW} {field_clause(kept)}"

    # --- what differs

    @property
    def in_time(self) -> bool:
        """Whether `_time` is that of the index."""
        return True

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that `verdicts` reads."""
        return ()

    @abstractmethod
    def labelled_filter(self) -> str:
        """A condition of `where`: the event has a verdict of the source's own."""

    @abstractmethod
    def unlabelled_filter(self) -> str:
        """A condition of `where`: the event is to be scored."""


class Notables(SearchedSource):
    """Notable events, with their reviews."""

    holds_alerts = True

    def __init__(self, searches: Searches, config: SplunkConfig, source: NotablesSource) -> None:
        base = f"search `{source.macro}`" + (f" | search {source.where}" if source.where else "")
        super().__init__(searches, config, f"{base} | {_ALL_FIELDS}", EventNames(NOTABLE_UID))
        self.name = self.title = f"notables:{source.macro}:{source.where or ''}"
        self.rename = source.rename
        self.indexes = ("notable",) if source.macro == "notable" else ()
        self.order, self.by_event_time = _order_of(source.order, None)
        self._source = source
        self._reviews = Reviews(searches, source)

    def probe(self) -> None:
        """The reviews too."""
        super().probe()
        self._reviews.probe()

    def labelled_filter(self) -> str:
        """With a disposition that counts."""
        return f"NOT {self._undisposed()}"

    def unlabelled_filter(self) -> str:
        """Without one, and not closed: what was closed without a verdict is not scored.

        A default may have been chosen: whether it was, the reviews say.
        """
        not_closed = '(isnull(status) OR (status!="4" AND status!="5"))'
        return f"{self._undisposed(self._source.defaults)} AND {not_closed}"

    def _undisposed(self, defaults: Iterable[str] = ()) -> str:
        none = (name for name, value in self._source.values.items() if not value)
        unset = ["", *sorted({*none, *defaults})]
        known = " OR ".join(f'disposition="{name}"' for name in unset)
        return f"(isnull(disposition) OR {known})"

    def verdicts(self, records: Sequence[SourceRecord]) -> list[Judged]:
        """By their reviews."""
        found = self._reviews.of([each.name for each in records])
        return [found.get(each.name, ()) for each in records]

    def is_private_there(self, name: str) -> bool:
        """A review's fields too."""
        return is_private(name, finding=True)


class LabelledSearch(SearchedSource):
    """Any search, with a field for the verdict or without."""

    def __init__(self, searches: Searches, config: SplunkConfig, source: SearchSource) -> None:
        base = f"{whole(source.search)} | {_ALL_FIELDS}"
        if source.time is not None:
            base += f" | eval _time={_SECONDS.replace('TIME', value_of(source.time))}"
            self.time_field = source.time
        super().__init__(searches, config, base, names_of(source))
        uid = source.uid[0] if source.uid and len(source.uid) == 1 else source.uid
        parts = f"{source.search}\0{uid}\0{source.time}"
        self.name = f"search:{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
        self.indexes = indexes_of(source.search)
        self.uid_fields = source.uid or ()
        self.title = " ".join(source.search.split())[:_SHOWN]
        self.rename = source.rename
        self.order, self.by_event_time = _order_of(
            source.order, what_loses_index_time(source.search)
        )
        self._source = source
        self._values = {word_key(each): verdict for each, verdict in source.values.items()}

    def field_problems(self) -> Iterator[str]:
        """Look at the first events."""
        rows = self._searches.rows(f"{self._base} | head {_SAMPLE}")
        yield from absent_fields(self._source, rows)

    @property
    def has_verdicts(self) -> bool:
        """With a `label`."""
        return self._source.label is not None

    @property
    def in_time(self) -> bool:
        """Without a `time` of its own."""
        return self._source.time is None

    @property
    def needed(self) -> tuple[str, ...]:
        """The label, who gave it and when."""
        return tuple(each for name in self._told for each in with_arrays(name))

    @property
    def _told(self) -> tuple[str, ...]:
        source = self._source
        return tuple(filter(None, (source.label, source.analyst, source.verdict_time)))

    def labelled_filter(self) -> str:
        """The label is there."""
        return f"NOT {is_empty(self._source.label or '')}"

    def unlabelled_filter(self) -> str:
        """It is not."""
        unlabelled = ""
        if self._source.label is not None and not self._source.values:
            unlabelled = is_empty(self._source.label)
        return unlabelled

    def verdicts(self, records: Sequence[SourceRecord]) -> list[Judged]:
        """The values of the label."""
        return [self._judged(each.raw) for each in records]

    def _judged(self, row: Mapping[str, object]) -> Judged:
        try:
            return tuple(self._of(row))
        except UnusableError as error:
            return error

    def _of(self, row: Mapping[str, object]) -> Iterator[Verdict]:
        source = self._source
        found = find(row, source.label)
        if source.label is None or found is None:
            return
        who = single(find(row, source.analyst))
        when = source.verdict_time
        at = parse_time(find(row, when), when, self._config.times) if when else None
        for given in verdict_values(found, source.label):
            value = self._values.get(word_key(given), "") if self._values else given
            if value:
                yield Verdict(value, None if who is None else str(who), at)

    def is_private_there(self, name: str) -> bool:
        """What the source names, too."""
        if name == "_raw":
            return not self._source.raw and self._source.label is not None
        own = {plain_name(each) for each in (*self._told, *self._source.private)}
        return is_private(name) or any(
            plain_name(name) == each or plain_name(name).startswith(f"{each}.") for each in own
        )


def _order_of(given: ReadOrder, loses: str | None) -> tuple[Order, str]:
    """The order that settings ask for, and why it is not that of index times."""
    if given == "event_time":
        return Order.EVENT_TIME, "`order` says so"
    if given == "auto" and loses is not None:
        return Order.EVENT_TIME, f"the search has no _indextime after `{loses}`"
    return Order.INDEX_TIME, ""
