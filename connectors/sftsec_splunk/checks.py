"""What prevents a pull or a push, and the role that would grant what is missing."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_core.sdk.portable import QUEUE, VERDICTS
from sftsec_splunk.client import path_of
from sftsec_splunk.kv import DETECTIONS, Collection
from sftsec_splunk.order import Order
from sftsec_splunk.requests import INSTALL

if TYPE_CHECKING:
    from sftsec_splunk.client import Splunk
    from sftsec_splunk.hec import Hec
    from sftsec_splunk.pull import Site
    from sftsec_splunk.searches import Searches
    from sftsec_splunk.sources import EventSource

log = logging.getLogger(__name__)
_MOST_SKEW = timedelta(seconds=30)
_OLDEST = 9
_WRITER = "sftsec_connector"  # the app's own role that may write to its collections
# Of a user at once. Splunk's own role `user` has 3 jobs and 100 MB, which a few tasks pass.
_QUOTAS = ("srchJobsQuota = 10", "srchDiskQuota = 1000")
_UNKNOWN_USER, _FORBIDDEN, _MISSING = 401, 403, 404


@dataclass(frozen=True, slots=True)
class Checker:
    """Looks at a site.

    Attributes:
        hec: the event collector, where one is configured.
    """

    splunk: Splunk
    searches: Searches
    site: Site
    hec: Hec | None

    def problems(self) -> Iterator[str]:
        """Return what is wrong, a line each; the role that helps comes last.

        Raises:
            ConnectorUnavailableError: when Splunk cannot be reached.
            AccessError: when it refuses the credentials.
        """
        yield from self._version()
        missing = list(self._capabilities())
        yield from missing
        if not missing:
            yield from self._clock()
            yield from self._sources()
            yield from self._named_indexes()
        unseen = list(self._unseen())
        yield from unseen
        yield from self._index()
        closed = list(self._closed())
        yield from closed
        yield from self._absent()
        yield from self._collector()
        if missing or unseen or closed:
            yield self._role(closed=bool(closed))

    def _version(self) -> Iterator[str]:
        info = self._content("services", "server", "info")
        number = str(info.get("version", ""))
        major = number.partition(".")[0]
        if not major.isdigit():
            yield "what answers there is no splunkd: see to `url`"
        elif int(major) < _OLDEST:
            yield f"Splunk {number} is too old: 9.0 or later is needed"
        if str(info.get("kvStoreStatus", "ready")) not in {"ready", "unknown"}:
            yield f"the KV store is {info['kvStoreStatus']}: verdicts cannot be read"

    def _capabilities(self) -> Iterator[str]:
        """Compare what the user may do with what the connector does."""
        found = self._content("services", "authentication", "current-context")
        has = set(found.get("capabilities") or [])
        lacking = [each for each in self.needs if each not in has]
        if lacking:
            yield f"the user {found.get('username')} lacks the capability {', '.join(lacking)}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities that are needed."""
        return ("search", *(("edit_notable_events",) if self.site.config.notable_update else ()))

    def _clock(self) -> Iterator[str]:
        """Windows of time go wrong with a wrong clock."""
        [row] = self.searches.rows("| makeresults | eval sftsec_now=_time | fields sftsec_now")
        skew = timedelta(seconds=self.site.clock().timestamp() - float(row["sftsec_now"]))
        if abs(skew) > _MOST_SKEW:
            way = "ahead of" if skew > timedelta() else "behind"
            yield (
                f"this machine's clock is {abs(skew).total_seconds():.0f} s {way} the search "
                "head's: set both by NTP, or windows of time go wrong"
            )

    def _sources(self) -> Iterator[str]:
        for source in self.site.sources:
            _say_order(source)
            try:
                source.probe()
                for line in source.field_problems():
                    yield f"the source {source.title!r}: {line}"
            except ConnectorUnavailableError:
                raise
            except ConnectorError as error:
                yield f"the source {source.title!r} cannot be read ({error}): correct `sources`"

    def _named_indexes(self) -> Iterator[str]:
        """Splunk answers a search of an index that is not there, or not allowed, with nothing."""
        named = {each: source.title for source in self.site.sources for each in source.indexes}
        allowed = list(self._searchable())
        for index, title in named.items():
            if self._is_absent(index):
                yield f"the source {title!r} reads the index {index}, which is not there"
            elif allowed and not any(_fits(pattern, index) for pattern in allowed):
                yield f"the source {title!r} reads the index {index}, which the user may not search"

    def _is_absent(self, index: str) -> bool:
        """Whether an indexer that answers itself has no such index."""
        if "indexer" not in self._roles_of_server():
            return False  # the indexes are the indexers' own business
        try:
            self.splunk.get(path_of("services", "data", "indexes", index))
        except AccessError:
            return False
        except RequestError as error:
            if error.status == _MISSING:
                return True
            raise
        return False

    def _roles_of_server(self) -> list[str]:
        return self._content("services", "server", "info").get("server_roles") or []

    def _unseen(self) -> Iterator[str]:
        """Whether detections can be found again: that is how a repeat makes no copies."""
        hec, allowed = self.site.config.hec, list(self._searchable())
        if hec and allowed and not any(_fits(pattern, hec.index) for pattern in allowed):
            yield f"the user may not search the index {hec.index}, so that copies would go unseen"

    def _index(self) -> Iterator[str]:
        hec = self.site.config.hec
        if hec is not None and self._is_absent(hec.index):
            yield f"the index {hec.index} is not there: make it, or {INSTALL}"

    def _searchable(self) -> Iterator[str]:
        """The patterns of the indexes that the user's roles may search; none if unknown."""
        for role in self._content("services", "authentication", "current-context").get("roles", []):
            content = self._content("services", "authorization", "roles", str(role))
            for name in ("srchIndexesAllowed", "imported_srchIndexesAllowed"):
                yield from content.get(name) or []

    def _kept(self) -> Iterator[Collection]:
        """The collections that are read and written."""
        upserts = (DETECTIONS,) if self.site.config.upsert_detections else ()
        for name in (QUEUE, VERDICTS, *upserts):
            yield Collection(self.splunk, name)

    def _closed(self) -> Iterator[str]:
        for each in self._kept():
            try:
                writable = each.is_writable()
            except AccessError:
                writable = False
            if not writable:
                yield f"the user may not write to the collection {each.name}"

    def _absent(self) -> Iterator[str]:
        absent = []
        for each in self._kept():
            with suppress(AccessError):
                absent += [] if each.exists() else [each.name]
        if absent:
            yield f"the collections {', '.join(absent)} are not there: {INSTALL}"

    def _collector(self) -> Iterator[str]:
        if self.hec is None:
            return
        try:
            self.hec.require()
            if not self.hec.is_healthy():
                yield "the event collector does not take events just now: its queues are full"
        except ConnectorError as error:
            yield str(error)

    def _role(self, *, closed: bool) -> str:
        hec = self.site.config.hec
        indexes = "notable" if hec is None else f"{hec.index};notable"
        inherited = [f"importRoles = {_WRITER}"] if closed else []
        lines = ["[role_sftsec]", *inherited, *(f"{each} = enabled" for each in self.needs)]
        lines.append(f"srchIndexesAllowed = {indexes}")
        lines += _QUOTAS
        return "\n".join(["this role grants what is needed; authorize.conf:", *lines])

    def _content(self, *segments: str) -> dict[str, Any]:
        """What an object says; nothing where the user may not ask."""
        try:
            found = self.splunk.get(path_of(*segments))
        except RequestError as error:
            if error.status not in {_FORBIDDEN, _MISSING}:
                raise
            return {}
        entries = found.get("entry") if isinstance(found, dict) else None
        content: dict[str, Any] = entries[0].get("content", {}) if entries else {}
        return content


def _say_order(source: EventSource) -> None:
    """Say in the order of which time a source is read: it decides on what comes late."""
    if source.order is Order.INDEX_TIME:
        log.info("%r is read in the order of _indextime", source.title)
        return
    log.warning(
        "%r is read in the order of _time: %s; an event that is indexed later than %s after its "
        "own time is not scored",
        source.title,
        source.by_event_time,
        source.late or "`settle`",
    )


def _fits(pattern: str, index: str) -> bool:
    if pattern.startswith("_") != index.startswith("_"):
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), index) is not None
