"""All documents that a query matches, page by page, from any position on.

A point in time keeps the set of documents still while it is read; when the engine lets go of it
(it expired, the node was restarted, an index was deleted), another one goes on behind the last
document. An answer that is too large is asked for again in smaller parts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from sftsec_core.domain import Rejection
from sftsec_core.errors import ConnectorError
from sftsec_search.cursor import Position
from sftsec_search.documents import uid_of
from sftsec_search.engine import Patience
from sftsec_search.errors import PitExpiredError, RequestError, TooLargeError

if TYPE_CHECKING:
    from sftsec_search.config import SearchConfig
    from sftsec_search.engine import Engine

Hit = dict[str, Any]
_SHRINK = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """What to read.

    Attributes:
        index: names or patterns, joined by commas.
        timestamp: the date field to sort by.
        condition: the query itself.
        includes: the fields of `_source` to bring; None for all.
    """

    index: str
    timestamp: str
    condition: Mapping[str, Any]
    includes: list[str] | None


@dataclass(frozen=True, slots=True)
class HitPage:
    """A page of hits with the position behind it; `rejected` were too large to bring."""

    hits: list[Hit]
    position: Position
    rejected: tuple[Rejection, ...] = ()


class Scan:
    """A reading of all hits of a query; iterate it once.

    The next page is fetched while the caller works on this one: at most two are in memory.
    """

    def __init__(
        self,
        engine: Engine,
        config: SearchConfig,
        query: Query,
        position: Position | None,
    ) -> None:
        self._engine = engine
        self._config = config
        self._left = Event()
        self._patience = Patience(config.patience, self._nap)
        self._query = query
        self._position = position
        self._keep_alive = f"{max(1, round(config.keep_alive.total_seconds()))}s"
        self._size = config.page_size
        self._pit = ""
        self._resumed = position is not None

    def __iter__(self) -> Iterator[HitPage]:
        """Read page by page.

        Raises:
            ConnectorUnavailableError: when the cluster did not come back within the bound.
            RequestError: when an index that is named in full is not there.
        """
        with ThreadPoolExecutor(1, "sftsec-page") as worker:
            coming: Future[HitPage | None] | None = worker.submit(self._next)
            try:
                while coming is not None and (page := coming.result()) is not None:
                    coming = worker.submit(self._next)
                    yield page
            finally:
                self._left.set()
                if coming is not None and not coming.cancel():
                    with suppress(ConnectorError):
                        coming.result()
                self._close_pit()

    def _nap(self, seconds: float) -> None:
        """Wait before the next attempt; whoever leaves the reading does not wait for it."""
        if self._left.wait(seconds):
            raise ConnectorError("the reading was left")

    # --- one page: runs in the worker, one at a time

    def _next(self) -> HitPage | None:
        while True:
            try:
                found = self._search(self._size, source=True)
            except PitExpiredError:
                log.info("a point in time is gone; another one goes on")
                self._pit, self._resumed = "", True
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
            self._position = self._behind(found)
            if hits:
                return HitPage(hits, self._position)

    def _pass_over(self) -> HitPage | None:
        """Leave out the one document that is too large, by its name alone."""
        try:
            found = self._search(1, source=False)
        except PitExpiredError:
            self._pit, self._resumed = "", True
            return self._next()
        hits = self._unseen(found)
        if not found:
            return None
        self._position = self._behind(found)
        reason = f"the document is larger than max_page_bytes ({self._config.max_page_bytes:,})"
        rejected = [Rejection(uid_of(hit["_index"], hit["_id"]), reason) for hit in hits]
        return HitPage([], self._position, tuple(rejected))

    def _search(self, size: int, *, source: bool) -> list[Hit]:
        query = self._query
        if not self._pit:
            self._pit = self._open_pit()
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
        found = self._patience(lambda: self._engine.search(body))
        self._pit = found.get("pit_id", self._pit)
        hits: list[Hit] = found["hits"]["hits"]
        return hits

    def _open_pit(self) -> str:
        index = self._query.index
        try:
            return self._patience(lambda: self._engine.open_pit(index, self._keep_alive))
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
                self._engine.close_pit(self._pit)
            self._pit = ""

    # --- order and position

    def _sort(self) -> list[dict[str, Any]]:
        time = {self._query.timestamp: {"order": "asc", "unmapped_type": "date"}}
        return [time, *({name: {"order": "asc"}} for name in self._engine.tie_breakers)]

    def _after(self, position: Position) -> list[Any]:
        """Where to go on: in another point in time, at the document rather than behind it."""
        if not self._resumed:
            return list(position.after)
        kept = 1 + self._engine.stable
        unstable = len(position.after) - kept
        return [*position.after[:kept], *([-1] * unstable)]

    def _unseen(self, found: list[Hit]) -> list[Hit]:
        if self._position is None or not self._resumed or not self._position.seen:
            return found
        seen = set(self._position.seen)
        return [hit for hit in found if uid_of(hit["_index"], hit["_id"]) not in seen]

    def _behind(self, found: list[Hit]) -> Position:
        """The position behind a page, with the documents that share its stable part."""
        self._resumed = False
        after = tuple(found[-1]["sort"])
        kept = 1 + self._engine.stable
        if kept == len(after):
            return Position(after)
        seen = [
            uid_of(h["_index"], h["_id"]) for h in found if tuple(h["sort"][:kept]) == after[:kept]
        ]
        before = self._position
        if before is not None and before.after[:kept] == after[:kept]:
            seen = list(dict.fromkeys((*before.seen, *seen)))
        return Position(after, tuple(seen))
