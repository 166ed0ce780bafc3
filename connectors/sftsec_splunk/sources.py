"""What the sources return, and where the verdict on one of their events is."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.portable import UID_EXPRESSION, is_private
from sftsec_core.sdk.records import UnusableError, parse_time, verdict_values
from sftsec_splunk.reviews import Judged, Reviews
from sftsec_splunk.rows import ABOUT, DETECTION, ORIGINAL_TIME
from sftsec_splunk.searches import TimeSpan
from sftsec_splunk.slices import RowPage, SliceQuery, Slices
from sftsec_splunk.spl import NOTABLE_UID, among, field_clause, key_of, whole

if TYPE_CHECKING:
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.sdk.verdict_join import SourceRecord
    from sftsec_splunk.config import NotablesSource, SearchSource, SplunkConfig
    from sftsec_splunk.positions import SplunkPosition
    from sftsec_splunk.searches import Row, Searches

_OURS = (DETECTION, ABOUT, ORIGINAL_TIME)
_FOREIGN = f"(isnull({DETECTION}) OR isnull({ABOUT}))"  # no detection of ours
_NAMES = ("sftsec_uid", "sftsec_ms", "sftsec_key", "event_id", "finding_id")
_PROBED_S = 900.0
# A number since 1970 in seconds, by its size: two units share no number from 1990 on.
_SECONDS = (
    "tonumber('TIME') / case(tonumber('TIME')>=1e17, 1e9, tonumber('TIME')>=1e14, 1e6, "
    "tonumber('TIME')>=1e11, 1e3, true(), 1)"
)
_KEYS = 500  # that one search looks for


class EventSource(ABC):
    """A source as the pull sees it.

    Attributes:
        name: names the source in a cursor; another order of events needs another name.
    """

    name: str

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

    @property
    def has_verdicts(self) -> bool:
        """Whether the source itself can have verdicts."""
        return True

    def is_private(self, name: str) -> bool:
        """Whether a field holds what analysts or we said, so that no model may read it."""
        return is_private(name)


class SearchedSource(EventSource):
    """A source that is a search."""

    def __init__(self, searches: Searches, config: SplunkConfig, base: str, uid: str) -> None:
        """Take the parts.

        Args:
            searches: run them.
            config: the sizes.
            base: SPL that gives events.
            uid: an expression of eval that names one.
        """
        self._searches = searches
        self._config = config
        self._base = base
        self._uid = uid

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
        query = self._query(span, condition, window.fields)
        yield from Slices(self._searches, self._config, query).pages(position)

    def find(self, uids: Sequence[str], span: TimeSpan, fields: Sequence[str]) -> Iterator[Row]:
        """Search for their keys."""
        keys = [key_of(uid) for uid in uids]
        for start in range(0, len(keys), _KEYS):
            condition = among(keys[start : start + _KEYS])
            query = self._query(span, condition, fields)
            for page in Slices(self._searches, self._config, query).pages(None):
                yield from page.rows

    def probe(self) -> None:
        """Search the last minutes."""
        span = TimeSpan(time.time() - _PROBED_S) if self.in_time else TimeSpan()
        list(self._searches.rows(f"{self._base} | head 1 | fields _time", span))

    def _query(self, span: TimeSpan, condition: str, fields: Sequence[str]) -> SliceQuery:
        return SliceQuery(self._base, self._uid, span, condition, self._keep(fields), self.in_time)

    def _keep(self, fields: Sequence[str]) -> str:
        if not fields:
            return "| fields *"
        kept = [*_NAMES, *_OURS, *self.needed]
        for each in fields:
            kept += [each, f"{each}{{}}", f"orig_{each}", f"orig_{each}{{}}"]
        return field_clause(kept)

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

    def __init__(self, searches: Searches, config: SplunkConfig, source: NotablesSource) -> None:
        base = f"search `{source.macro}`" + (f" | search {source.where}" if source.where else "")
        # `fields *` lets Splunk find all fields of an event, whatever the mode of the search.
        super().__init__(searches, config, f"{base} | fields *", NOTABLE_UID)
        self.name = f"notables:{source.macro}:{source.where or ''}"
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
        """Without one, and not closed: what was closed without a verdict is not scored."""
        not_closed = '(isnull(status) OR (status!="4" AND status!="5"))'
        return f"{self._undisposed()} AND {not_closed} AND {_FOREIGN}"

    def _undisposed(self) -> str:
        unset = ["", *sorted(name for name, value in self._source.values.items() if not value)]
        known = " OR ".join(f'disposition="{name}"' for name in unset)
        return f"(isnull(disposition) OR {known})"

    def verdicts(self, records: Sequence[SourceRecord]) -> list[Judged]:
        """By their reviews."""
        found = self._reviews.of([each.name for each in records])
        return [found.get(each.name, ()) for each in records]

    def is_private(self, name: str) -> bool:
        """A review's fields too."""
        return is_private(name, finding=True)


class LabelledSearch(SearchedSource):
    """Any search, with a field for the verdict or without."""

    def __init__(self, searches: Searches, config: SplunkConfig, source: SearchSource) -> None:
        base = f"{whole(source.search)} | fields *"
        if source.time is not None:
            base += f" | eval _time={_SECONDS.replace('TIME', source.time)}"
        uid = f"'{source.uid}'" if source.uid else UID_EXPRESSION
        super().__init__(searches, config, base, uid)
        parts = f"{source.search}\0{source.uid}\0{source.time}"
        self.name = f"search:{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
        self._source = source
        self._values = {word_key(each): verdict for each, verdict in source.values.items()}

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
        source = self._source
        return tuple(filter(None, (source.label, source.analyst, source.verdict_time)))

    def labelled_filter(self) -> str:
        """The label is there."""
        return f"isnotnull('{self._source.label}') AND '{self._source.label}'!=\"\""

    def unlabelled_filter(self) -> str:
        """It is not."""
        unlabelled = ""
        if self._source.label is not None and not self._source.values:
            unlabelled = f"(isnull('{self._source.label}') OR '{self._source.label}'=\"\") AND "
        return f"{unlabelled}{_FOREIGN}"

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
        found = row.get(source.label) if source.label else None
        if source.label is None or found in (None, ""):
            return
        who = row.get(source.analyst) if source.analyst else None
        when = source.verdict_time
        at = parse_time(row.get(when), when, self._config.times) if when else None
        for given in verdict_values(found, source.label):
            value = self._values.get(word_key(given), "") if self._values else given
            if value:
                yield Verdict(value, None if who is None else str(who), at)

    def is_private(self, name: str) -> bool:
        """What the source names, too."""
        if name == "_raw":
            return not self._source.raw and self._source.label is not None
        own = (*self.needed, *self._source.private)
        return is_private(name) or name in own or f"{name}{{}}" in own
