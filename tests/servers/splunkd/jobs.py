"""Search jobs: made, run, kept until their time to live is over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.spl.context import SearchContext
from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.pipeline import Pipeline, compile_search
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.spl.times import moment

if TYPE_CHECKING:
    from tests.servers.splunkd.entities import Entity
    from tests.servers.splunkd.state import Splunkd

_TTL_S, _SAVED_TTL_S = 600, 7200
_TIMES = {
    "earliest": "earliest_time",
    "latest": "latest_time",
    "index_earliest": "index_earliest",
    "index_latest": "index_latest",
}
SavedKey = tuple[str, str, str]


@dataclass
class Job:
    """One search.

    Attributes:
        polls: so many times it answers that it is not ready yet.
        ready_at: when it is done, by the double's clock.
        events: its events, and `results` what its transforming commands made of them.
    """

    sid: str
    search: str
    context: SearchContext
    pipeline: Pipeline
    created: float
    ready_at: float
    owner: str
    ttl: int = _TTL_S
    polls: int = 0
    saved: SavedKey | None = None
    label: str = ""
    events: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    failed: bool = False
    paused: bool = False
    finalized: bool = False
    preview: bool = False
    kept: bool = False
    priority: int = 5
    updated: float = 0.0
    given: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.results)

    @property
    def messages(self) -> list[tuple[str, str]]:
        return self.context.messages

    def done(self, now: float) -> bool:
        return self.polls <= 0 and (now >= self.ready_at or self.finalized)

    def state(self, now: float) -> str:
        if self.polls > 0:
            return "QUEUED"
        if not self.done(now):
            return "PAUSED" if self.paused else "RUNNING"
        return "FAILED" if self.failed else "DONE"


@dataclass
class JobStore:
    """The jobs by their ids."""

    by_sid: dict[str, Job] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def compile(
        self, splunk: Splunkd, search: str, given: dict[str, str], owner: str, app: str
    ) -> tuple[SearchContext, Pipeline]:
        """Read a search for a user.

        Raises:
            RestError: 400 with a FATAL message, when it cannot be read.
        """
        now = splunk.now()
        context = SearchContext(splunk, owner, app, now)
        try:
            _set_times(context, given)
            return context, compile_search(search, context)
        except SplError as wrong:
            raise RestError(400, str(wrong), "FATAL") from None

    def start(
        self,
        splunk: Splunkd,
        search: str,
        given: dict[str, str],
        *,
        owner: str,
        app: str,
        at: float | None = None,
        name: str | None = None,
    ) -> Job:
        """Make a job and run it."""
        context, pipeline = self.compile(splunk, search, given, owner, app)
        created = splunk.now() if at is None else at
        sid = given.get("id") or self._sid(created, name, owner, app)
        context.sid = sid
        self._make_room(splunk, sid)
        job = Job(
            sid, search, context, pipeline, created, created + splunk.faults.job_seconds, owner
        )
        job.polls, job.updated, job.given = splunk.faults.job_polls, splunk.now(), given
        job.preview = given.get("preview", "") in {"1", "true"}
        if given.get("timeout", "").isdigit():
            job.ttl = int(given["timeout"])
        run(splunk, job)
        with self.lock:
            self.by_sid[sid] = job
        return job

    def dispatch_saved(
        self, splunk: Splunkd, entity: Entity, given: dict[str, list[str]], at: float
    ) -> Job:
        """Run a saved search now; `dispatch.*` arguments stand in for its own."""
        content: dict[str, Any] = {**entity.content, **{n: v[-1] for n, v in given.items()}}
        search = str(content["search"]).strip()
        if not search.startswith(("|", "search ")):
            search = f"search {search}"
        for name, value in content.items():
            if name.startswith("args."):
                search = search.replace(f"${name[5:]}$", str(value))
        times = {
            f"{end}_time": str(content.get(f"dispatch.{end}_time", ""))
            for end in ("earliest", "latest")
        }
        owner = entity.owner if entity.owner != "nobody" else splunk.username
        job = self.start(
            splunk, search, times, owner=owner, app=entity.app, at=at, name=entity.name
        )
        job.saved = (entity.path_owner, entity.app, entity.name)
        job.label, job.ttl = entity.name, _SAVED_TTL_S
        return job

    def get(self, splunk: Splunkd, sid: str) -> Job:
        self._expire(splunk)
        with self.lock:
            if sid not in self.by_sid:
                raise RestError(404, "Unknown sid.", "FATAL")
            return self.by_sid[sid]

    def all(self, splunk: Splunkd) -> list[Job]:
        self._expire(splunk)
        with self.lock:
            return list(self.by_sid.values())

    def of_saved(self, splunk: Splunkd, key: SavedKey) -> list[Job]:
        return [job for job in self.all(splunk) if job.saved == key]

    def remove(self, sid: str) -> None:
        with self.lock:
            self.by_sid.pop(sid, None)

    def _expire(self, splunk: Splunkd) -> None:
        now = splunk.now()
        with self.lock:
            for job in list(self.by_sid.values()):
                if not job.kept and job.updated + job.ttl < now:
                    del self.by_sid[job.sid]

    def _make_room(self, splunk: Splunkd, sid: str) -> None:
        del splunk
        with self.lock:
            if sid in self.by_sid:
                raise RestError(409, f"A search with the id '{sid}' exists already.", "FATAL")

    def _sid(self, created: float, name: str | None, owner: str, app: str) -> str:
        number = next(self._numbers)
        if name is None:
            return f"{created:.0f}.{number}"
        clean = "".join(each if each.isalnum() else "_" for each in name)
        return f"{owner}__{owner}__{app}__{clean}_at_{created:.0f}_{number}"


def _set_times(context: SearchContext, given: dict[str, str]) -> None:
    for name, argument in _TIMES.items():
        if given.get(argument):
            setattr(context, name, moment(given[argument], context.now))
    if context.earliest > context.latest:
        raise SplError("Invalid latest_time: latest_time must be after earliest_time.")


def run(splunk: Splunkd, job: Job) -> None:
    """Run a job to its end; what goes wrong on the way is its message."""
    fatal = splunk.faults.take_fatal()
    try:
        job.events = list(job.pipeline.event_rows())
        job.results = list(job.pipeline.result_rows(job.events))
    except SplError as wrong:
        fatal = str(wrong)
    if fatal is not None:
        job.failed, job.results = True, []
        job.messages.append(("FATAL", fatal))
    if splunk.faults.takes("finalized"):
        job.finalized, job.results = True, job.results[: len(job.results) // 2]
    warning = splunk.faults.take_warning()
    if warning is not None:
        job.messages.append(("WARN", warning))


def end_of(context: SearchContext) -> float | None:
    return None if math.isinf(context.latest) else context.latest
