"""All documents that a query matches, page by page, from any position on.

A point in time keeps the set of documents still while it is read; when the cluster drops it
(it expired, the node was restarted, an index was deleted), another one resumes after the last
document. An answer that is too large is asked for again in smaller parts.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Rejection
from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import RequestError, TooLargeError
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_search.documents import uid_of
from sftsec_search.errors import PitExpiredError
from sftsec_search.positions import LONG_MAX, SearchPosition

if TYPE_CHECKING:
    from sftsec_search.client import SearchClient
    from sftsec_search.config import SearchConfig
    from sftsec_search.orders import DateField

Hit = dict[str, Any]
SEQ_NO = "_seq_no"
_SHRINK = 4
_MOST_GONE = 5  # points in time in a row
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanQuery:
    """What to read.

    Attributes:
        index: names or patterns, joined by commas.
        order: the date field to sort by; None, in one shard: the sequence number.
        condition: the query itself.
        includes: the fields of `_source` to bring; None for all.
        shard: the number of the one shard of each index that is read; None for all.
    """

    index: str
    order: DateField | None
    condition: Mapping[str, Any]
    includes: list[str] | None
    shard: int | None = None

    @property
    def nanos(self) -> bool:
        """Whether times are compared in nanoseconds."""
        return self.order is not None and self.order.nanos


@dataclass(frozen=True, slots=True)
class HitPage:
    """A page of hits with the position after it; `rejected` were too large to bring."""

    hits: list[Hit]
    position: SearchPosition
    rejected: tuple[Rejection, ...] = ()


class Scan:
    """A reading of all hits of a query; iterate it once.

    The next page is fetched while the caller works on this one: at most two are in memory.
    """

    def __init__(
        self,
        client: SearchClient,
        config: SearchConfig,
        query: ScanQuery,
        position: SearchPosition | None,
    ) -> None:
        self._client = client
        self._config = config
        self._left = Event()
        self._retry = RetryPolicy(config.retry_timeout, self._nap)
        self._query = query
        self._position: SearchPosition | None = None
        if position is not None and position.after:
            self._position = position.in_unit(nanos=query.nanos)
        self._keep_alive = f"{max(1, round(config.keep_alive.total_seconds()))}s"
        self._size = config.page_size
        self._pit = ""
        self._gone = 0
        self._resumed = self._position is not None

    def __iter__(self) -> Iterator[HitPage]:
        """Read page by page.

        Raises:
            ConnectorUnavailableError: when the cluster did not come back within the bound.
            RequestError: when an index that is named in full is not there.
        """
        with ThreadPoolExecutor(1, "sftsec-page") as worker:
            asked = deque([worker.submit(self._following)])
            try:
                while True:
                    # Asked for before this one is here, so that the worker continues the moment it
                    # is done with it: woken by us, it would wait until we let go of the
                    # interpreter. The caller is done with the page before.
                    asked.append(worker.submit(self._following))
                    if (page := asked.popleft().result()) is None:
                        return
                    yield page
            finally:
                self._left.set()
                for each in asked:
                    if not each.cancel():
                        with suppress(ConnectorError):
                            each.result()
                self._close_pit()

    def _nap(self, seconds: float) -> None:
        """Wait before the next attempt; closing the scan ends the wait."""
        if self._left.wait(seconds):
            raise ConnectorError("the reading was left")

    # --- one page: runs in the worker, one at a time

    def _following(self) -> HitPage | None:
        """The next page; None at the end, and from then on; nothing after an error either."""
        if self._left.is_set():
            return None
        page = None
        try:
            page = self._next()
        finally:
            if page is None:
                self._left.set()
        return page

    def _next(self) -> HitPage | None:
        while True:
            try:
                found = self._search(self._size, source=True)
            except PitExpiredError as error:
                self._resume(error)
                continue
            except TooLargeError:
                if self._size == 1:
                    return self._pass_over()
                self._size = max(1, self._size // _SHRINK)
                continue
            if not found:
                return None
            self._size = min(self._config.page_size, self._size * 2)
            hits = self._unseen(found)
            self._position = self._position_after(found)
            if hits:
                return HitPage(hits, self._position)

    def _pass_over(self) -> HitPage | None:
        """Leave out the one document that is too large, by its name alone."""
        try:
            found = self._search(1, source=False)
        except PitExpiredError as error:
            self._resume(error)
            return self._next()
        hits = self._unseen(found)
        if not found:
            return None
        self._position = self._position_after(found)
        reason = f"the document is larger than max_page_bytes ({self._config.max_page_bytes:,})"
        rejected = [Rejection(uid_of(hit["_index"], hit["_id"]), reason) for hit in hits]
        return HitPage([], self._position, tuple(rejected))

    def _resume(self, error: PitExpiredError) -> None:
        """Forget a point in time that is gone, so that another one resumes.

        Raises:
            PitExpiredError: when one after the other goes before anything could be read.
        """
        self._gone += 1
        if self._gone > _MOST_GONE:
            raise error
        log.info("a point in time is gone; another one resumes")
        self._pit, self._resumed = "", True

    def _search(self, size: int, *, source: bool) -> list[Hit]:
        query = self._query
        if not self._pit:
            self._pit = self._open_pit()
        if not self._pit:
            return []
        includes = {"includes": query.includes} if query.includes is not None else True
        body: dict[str, Any] = {
            "pit": {"id": self._pit, "keep_alive": self._keep_alive},
            "size": size,
            "query": query.condition,
            "sort": self._sort(),
            "track_total_hits": False,
            "_source": includes if source else False,
        }
        if self._position is not None:
            body["search_after"] = self._after(self._position)
        try:
            found = self._retry(lambda: self._client.search(body))
        except RequestError as error:
            if error.status == 404 or error.kind == "index_closed_exception":
                # Where it is read by a pattern, the others are still there.
                raise PitExpiredError(str(error), status=error.status, kind=error.kind) from error
            raise
        self._pit, self._gone = found.get("pit_id", self._pit), 0
        hits: list[Hit] = found["hits"]["hits"]
        return hits

    def _open_pit(self) -> str:
        index, shard = self._query.index, self._query.shard
        try:
            return self._retry(lambda: self._client.open_pit(index, self._keep_alive, shard))
        except RequestError as error:
            if error.status == 404:
                raise RequestError(
                    f"there is no index {index!r} (any more): correct `sources`",
                    status=error.status,
                    kind=error.kind,
                ) from error
            raise

    def _close_pit(self) -> None:
        if self._pit:
            with suppress(ConnectorError):  # it ends by itself
                self._client.close_pit(self._pit)
            self._pit = ""

    # --- order and position

    def _sort(self) -> list[dict[str, Any]]:
        if self._query.order is None:
            return [{SEQ_NO: {"order": "asc"}}]
        # The value for a missing time is given as a number: with "_last", which means
        # the same, both engines pass over shards, comparing times that they have rounded, and
        # lose what they hold.
        way = {"order": "asc", "unmapped_type": "date", "missing": LONG_MAX}
        if self._query.nanos:  # or an index of milliseconds would come before one of these
            way["numeric_type"] = "date_nanos"
        return [
            {self._query.order.sorted_by: way},
            *({name: {"order": "asc"}} for name in self._client.tie_breakers),
        ]

    def _after(self, position: SearchPosition) -> list[Any]:
        """Where to resume: in another point in time, at the document rather than after it."""
        if not self._resumed:
            return list(position.after)
        kept = min(1 + self._client.stable, len(position.after))
        unstable = len(position.after) - kept
        return [*position.after[:kept], *([-1] * unstable)]

    def _unseen(self, found: list[Hit]) -> list[Hit]:
        if self._position is None or not self._resumed or not self._position.seen:
            return found
        seen = set(self._position.seen)
        return [hit for hit in found if uid_of(hit["_index"], hit["_id"]) not in seen]

    def _position_after(self, found: list[Hit]) -> SearchPosition:
        """Return the position after a page, with the documents that share its stable part."""
        self._resumed = False
        after = tuple(found[-1]["sort"])
        kept = min(1 + self._client.stable, len(after))
        nanos = self._query.nanos
        if kept == len(after):
            return SearchPosition(after, nanos=nanos)
        seen = [
            uid_of(h["_index"], h["_id"]) for h in found if tuple(h["sort"][:kept]) == after[:kept]
        ]
        before = self._position
        if before is not None and before.after[:kept] == after[:kept]:
            seen = list(dict.fromkeys((*before.seen, *seen)))
        return SearchPosition(after, tuple(seen), nanos)
