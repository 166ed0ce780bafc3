"""Search jobs: run to their end, read page by page, whole or not at all.

A job, rather than an export: it says whether it was finalised early or failed before the first
row is taken, a page of it can be asked for again, and its rows stay where they are meanwhile.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.portable import one_line
from sftsec_splunk.client import Request, messages_of
from sftsec_splunk.errors import SearchError

if TYPE_CHECKING:
    from sftsec_splunk.client import Splunk
    from sftsec_splunk.config import SplunkConfig

Row = dict[str, Any]
log = logging.getLogger(__name__)
_SHORTEST, _LONGEST = 0.05, 2.0  # seconds between two looks at a job
_TTL_S = 600
_MOST = 500_000
_AT_ONCE = 5000
_MOST_LOST_JOBS = 3  # in a row
_WARNINGS = 50
_MISSING, _EXISTS = 404, 409


class JobGoneError(SearchError):
    """Splunk no longer knows a job: it was restarted, or the job lived too long."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Events' own times and index times, from the first up to, and without, the second.

    Attributes:
        earliest: of the events' own times, seconds since 1970; None: no bound. `latest` likewise.
        index_earliest: of their index times, whole seconds; `index_latest` likewise.
    """

    earliest: float | None = None
    latest: float | None = None
    index_earliest: int | None = None
    index_latest: int | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of a search job."""
        given = {
            "earliest_time": self.earliest,
            "latest_time": self.latest,
            "index_earliest": self.index_earliest,
            "index_latest": self.index_latest,
        }
        return {name: f"{at:.3f}" for name, at in given.items() if at is not None}


@dataclass(frozen=True, slots=True)
class SearchJob:
    """A search that is done, with so many results."""

    splunk: Splunk
    path: str
    count: int

    def page(self, offset: int, count: int, fields: tuple[str, ...] = ()) -> list[Row]:
        """Some of the results, in their order.

        Args:
            offset: of the first one.
            count: how many, at most.
            fields: names to bring; empty for all.

        Raises:
            JobGoneError: when the job is no more.
            TooLargeError: when the answer passes the bound.
            SearchError: when results are missing.
        """
        query: dict[str, Any] = {"offset": offset, "count": count}
        if fields:
            query["f"] = list(fields)
        try:
            found = self.splunk.get(f"{self.path}/results", **query)
        except RequestError as error:
            raise _gone(error) from None
        rows: list[Row] = (found or {}).get("results", [])
        if len(rows) < min(count, self.count - offset):
            raise SearchError("a search gave fewer results than it had counted")
        return rows


class Searches:
    """Runs searches in the configured namespace."""

    def __init__(self, splunk: Splunk, config: SplunkConfig) -> None:
        self._splunk = splunk
        self._config = config
        self._logged: set[str] = set()

    def rows(self, search: str, span: TimeSpan = TimeSpan()) -> list[Row]:
        """All results of a search that has some thousands at most; run again when they are lost.

        Raises:
            SearchError, ConnectorUnavailableError: as `job`.
        """
        for _ in range(_MOST_LOST_JOBS):
            with suppress(JobGoneError), self.job(search, span) as job:
                offsets = range(0, job.count, _AT_ONCE)
                return [row for offset in offsets for row in job.page(offset, _AT_ONCE)]
        raise JobGoneError("Splunk loses our search jobs: is it being restarted?")

    @contextmanager
    def job(self, search: str, span: TimeSpan = TimeSpan()) -> Iterator[SearchJob]:
        """Run a search to its end; the job is deleted afterwards.

        Raises:
            SearchError: when it fails, or was finalised before its end.
            ConnectorUnavailableError: when Splunk does not answer, or the search takes too long.
        """
        sid = f"sftsec_{uuid.uuid4().hex}"
        path = self._splunk.searches("search", "jobs", sid)
        self._splunk.retry(lambda: self._start(sid, path, search, span))
        try:
            count = self._done(path)
            yield SearchJob(self._splunk, self._splunk.searches("search", "v2", "jobs", sid), count)
        finally:
            with suppress(ConnectorError):  # it goes by itself, ten minutes later
                self._splunk.send(Request("DELETE", path, {}))

    def _start(self, sid: str, path: str, search: str, span: TimeSpan) -> None:
        """Make the job under a name of our own, so that a repeated request makes no second one."""
        form = {"id": sid, "search": search, "max_count": _MOST, "timeout": _TTL_S, "preview": 0}
        form |= span.arguments
        jobs = self._splunk.searches("search", "v2", "jobs")
        try:
            self._splunk.send(Request("POST", jobs, {}, form))
        except ConnectorUnavailableError:
            if not self._exists(path):
                raise
        except RequestError as error:
            if error.status != _EXISTS and not self._exists(path):
                raise SearchError(f"a search cannot be run: {error}") from None

    def _exists(self, path: str) -> bool:
        try:
            self._splunk.send(Request("GET", path, {}))
        except RequestError as error:
            if error.status == _MISSING:
                return False
            raise
        return True

    def _done(self, path: str) -> int:
        """Wait for the end; how many results there are."""
        deadline = time.monotonic() + self._config.search_timeout.total_seconds()
        wait = _SHORTEST
        while True:
            try:
                found = self._splunk.get(path)
            except RequestError as error:
                raise _gone(error) from None
            content = found["entry"][0]["content"] if found else {}
            if content.get("isFailed") or content.get("isDone"):
                self._log_warnings(content)
                return _whole(content)
            if time.monotonic() > deadline:
                raise ConnectorUnavailableError(
                    "a search has not ended within search_timeout: narrow the window, or raise it"
                )
            time.sleep(wait)
            wait = min(wait * 1.5, _LONGEST)

    def _log_warnings(self, content: dict[str, Any]) -> None:
        """Log a search's warnings, each once: every slice would repeat them."""
        for kind, text in messages_of(content):
            line = one_line(text)
            if kind == "WARN" and line not in self._logged and len(self._logged) < _WARNINGS:
                self._logged.add(line)
                log.warning("Splunk warns of a search: %s", line)


def _whole(content: dict[str, Any]) -> int:
    """Return the count of results, where it is certain that these are all."""
    for kind, text in messages_of(content):
        if kind in {"FATAL", "ERROR"}:
            raise SearchError(f"a search failed: {one_line(text)}")
        if kind == "WARN" and "incomplete" in text.lower():
            raise SearchError(f"a search gave a part of its results only: {one_line(text)}")
    if content.get("isFailed"):
        raise SearchError("a search failed; its search.log on the search head says why")
    if content.get("isFinalized"):
        raise SearchError(
            "a search was finalised before its end, by a user or by a limit of the role "
            "(srchMaxTime, srchDiskQuota): its results are a part only"
        )
    return int(content.get("resultCount") or 0)


def _gone(error: RequestError) -> Exception:
    if error.status == _MISSING:
        return JobGoneError("Splunk no longer knows a search job of ours")
    return error
