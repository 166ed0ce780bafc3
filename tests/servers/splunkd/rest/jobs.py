"""search/jobs and search/v2/jobs, export, and the parser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.jobs import Job, end_of
from tests.servers.splunkd.rest import results
from tests.servers.splunkd.rest.crud import paged
from tests.servers.splunkd.rest.formats import (
    Entry,
    Feed,
    address,
    render,
    render_entry,
    render_messages,
)
from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.context import SearchContext
from tests.servers.splunkd.spl.lexer import SplError, split_pipeline
from tests.servers.splunkd.spl.pipeline import Pipeline, compile_search
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.spl.times import iso

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_PAGE, _POLL_S = 100, 0.05


def sid_response(request: Request, sid: str, status: int = 201) -> Response:
    if request.wants_json:
        return json_response({"sid": sid}, status)
    body = f"<response>\n  <sid>{sid}</sid>\n</response>\n"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), status)


def jobs(splunk: Splunkd, request: Request) -> Response:
    """The list of jobs, and new ones."""
    if request.method == "GET":
        found = [entry_of_job(splunk, request, job) for job in _mine(splunk, request)]
        feed = Feed("jobs", "/services/search/jobs", found)
        return render(paged(feed, request, "dispatchTime", "desc"), request, splunk.site)
    mode = request.get("exec_mode", "normal")
    job = _start(splunk, request)
    if mode == "oneshot":
        splunk.jobs.remove(job.sid)
        return _page(request, job, job.results)
    while mode == "blocking" and not job.done(splunk.now()):
        time.sleep(_POLL_S)
    return sid_response(request, job.sid)


def _mine(splunk: Splunkd, request: Request) -> list[Job]:
    everything = splunk.can(request.user, "admin_all_objects")
    return [job for job in splunk.jobs.all(splunk) if everything or job.owner == request.user]


def _start(splunk: Splunkd, request: Request) -> Job:
    given = {name: values[-1] for name, values in request.form.items()}
    if not given.get("search"):
        raise RestError(400, "Empty search.", "FATAL")
    owner, app = request.namespace
    user = request.user if owner in {"-", "nobody"} else owner
    return splunk.jobs.start(splunk, given["search"], given, owner=user, app=app)


def export(splunk: Splunkd, request: Request) -> Response:
    """Run a search and give its rows as they are found; no job is left."""
    given = {name: values[-1] for name, values in request.form.items()}
    owner, app = request.namespace
    user = request.user if owner in {"-", "nobody"} else owner
    context, pipeline = splunk.jobs.compile(splunk, given.get("search", ""), given, user, app)
    rows = _exported(splunk, context, pipeline)
    cut = splunk.faults.take_cut()
    if request.get("output_mode") == "json":
        lines = results.export_lines(rows, context.messages)
        return Response(lines, content_type="application/json; charset=UTF-8", cut_after=cut)
    shown = [results.cells(row, exported=True) for row in rows]
    response = results.render(results.Page(shown, messages=context.messages), request)
    response.cut_after = cut
    return response


def _exported(splunk: Splunkd, context: SearchContext, pipeline: Pipeline) -> Iterator[Row]:
    fatal = splunk.faults.take_fatal()
    rows = pipeline.rows()
    if fatal is not None:
        yield from islice(rows, splunk.faults.fatal_rows)
        context.messages.append(("FATAL", fatal))
        return
    try:
        yield from rows
    except SplError as wrong:
        context.messages.append(("FATAL", str(wrong)))


def parser(splunk: Splunkd, request: Request) -> Response:
    """`search/parser`: whether a search can be read, and its commands."""
    context = SearchContext(splunk, request.user, request.namespace[1], splunk.now())
    try:
        compile_search(request.get("q"), context)
    except SplError as wrong:
        raise RestError(400, str(wrong), "FATAL") from None
    commands = [part.split()[0] for part in split_pipeline(request.get("q")) if part]
    if request.wants_json:
        return json_response({"commands": [{"command": name} for name in commands]})
    body = "".join(
        f"<s:item><s:dict><s:key name='command'>{n}</s:key></s:dict></s:item>" for n in commands
    )
    return Response(
        f"<response xmlns:s='http://dev.splunk.com/ns/rest'><s:list>{body}</s:list></response>".encode()
    )


def job(splunk: Splunkd, request: Request) -> Response:
    """One job: its state, and to be rid of it."""
    found = _job_of(splunk, request)
    if request.method == "DELETE":
        splunk.jobs.remove(found.sid)
        return render_messages(request, 200, [("INFO", "Search job cancelled.")])
    if found.polls > 0:
        found.polls -= 1
        return Response(status=204)
    return render_entry(entry_of_job(splunk, request, found), request, splunk.site)


def _job_of(splunk: Splunkd, request: Request) -> Job:
    return splunk.jobs.get(splunk, request.path[request.path.index("jobs") + 1])


def control(splunk: Splunkd, request: Request) -> Response:
    found, action = _job_of(splunk, request), request.get("action")
    if action == "cancel":
        splunk.jobs.remove(found.sid)
        return render_messages(request, 200, [("INFO", "Search job cancelled.")])
    changes: dict[str, dict[str, Any]] = {
        "pause": {"paused": True},
        "unpause": {"paused": False},
        "finalize": {"finalized": True},
        "touch": {},
        "setttl": {"ttl": request.integer("ttl", found.ttl)},
        "setpriority": {"priority": request.integer("priority", found.priority)},
        "enablepreview": {"preview": True},
        "disablepreview": {"preview": False},
        "save": {"kept": True},
        "unsave": {"kept": False},
    }
    if action not in changes:
        raise RestError(400, f"Invalid action: {action}", "FATAL")
    for name, value in changes[action].items():
        setattr(found, name, value)
    found.updated = splunk.now()
    return render_messages(request, 200, [("INFO", f"Search job {action}.")])


def job_results(splunk: Splunkd, request: Request) -> Response:
    """`results`, `results_preview` and `events`; 204 until there are any."""
    found, what = _job_of(splunk, request), request.path[-1]
    if not found.done(splunk.now()):
        return Response(status=204)
    rows = found.results if what != "events" else found.events
    if request.get("search"):
        context = SearchContext(splunk, request.user, request.namespace[1], splunk.now())
        rows = list(_after(request.get("search"), rows, context))
    return _page(request, found, rows)


def _after(search: str, rows: list[Row], context: SearchContext) -> Iterator[Row]:
    """Rows through further commands."""
    text = search if search.lstrip().startswith("|") else f"| search {search}"
    try:
        stages = compile_search(f"| makeresults count=0 {text}", context)
        return stages.result_rows(list(_events_through(stages, rows)))
    except SplError as wrong:
        raise RestError(400, str(wrong), "FATAL") from None


def _events_through(pipeline: Pipeline, rows: list[Row]) -> Iterator[Row]:
    return Pipeline(lambda: rows, pipeline.events).event_rows()


def _page(request: Request, found: Job, rows: list[Row]) -> Response:
    count, offset = request.integer("count", _PAGE), request.integer("offset", 0)
    page = rows[offset : offset + count] if count > 0 else rows[offset:]
    shown = [results.cells(row, exported=False, only=request.form.get("f")) for row in page]
    return results.render(results.Page(shown, offset, messages=found.messages), request)


def summary(splunk: Splunkd, request: Request) -> Response:
    """`summary`, `timeline` and `search.log`, of which the double knows little."""
    found = _job_of(splunk, request)
    if request.path[-1] == "search.log":
        return Response(
            f"INFO  dispatchRunner - search: {found.search}\n".encode(), content_type="text/plain"
        )
    count = len(found.events)
    return Response(
        f"<?xml version='1.0' encoding='UTF-8'?>\n<{request.path[-1]} c='{count}'/>".encode()
    )


def _content(splunk: Splunkd, found: Job) -> dict[str, Any]:
    now = splunk.now()
    done = found.done(now)
    return {
        **_figures(found, done=done),
        "cursorTime": "1970-01-01T00:00:00.000+00:00",
        "delegate": "scheduler" if found.saved else "",
        "dispatchState": found.state(now),
        "dispatchTime": found.created,
        "earliestTime": iso(found.context.earliest),
        "eventSearch": found.search,
        "eventSorting": "desc",
        "isDone": done,
        "isFailed": found.failed and done,
        "isFinalized": found.finalized,
        "isPaused": found.paused,
        "isPreviewEnabled": found.preview,
        "isSaved": found.kept,
        "isSavedSearch": found.saved is not None,
        "keywords": "",
        "label": found.label,
        "latestTime": iso(end_of(found.context) or now),
        "messages": _messages(found),
        "normalizedSearch": found.search,
        "priority": found.priority,
        "remoteSearch": found.search,
        "reportSearch": " | ".join(stage.name for stage in found.pipeline.reports),
        "request": {"search": found.search},
        "runtime": {"auto_cancel": "0", "auto_pause": "0"},
        "searchProviders": ["splunk-double"],
        "sid": found.sid,
        "ttl": max(int(found.updated + found.ttl - now), 0),
    }


def entry_of_job(splunk: Splunkd, request: Request, found: Job) -> Entry:
    content = _content(splunk, found)
    owner, app = found.owner, found.context.app
    perms = {"read": [owner], "write": [owner]}
    acl = {"app": app, "can_write": True, "modifiable": True, "owner": owner, "perms": perms,
           "sharing": "global", "ttl": str(found.ttl)}  # fmt: skip
    path = address("services", "search", "jobs", found.sid)
    links = [(name, f"{path}/{name}") for name in ("search.log", "events", "results", "control")]
    return Entry(found.search, path, content, acl, found.updated, _FIELDS, links, owner)


_FIELDS: dict[str, list[str]] = {"required": [], "optional": [], "wildcard": []}


def _messages(found: Job) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for kind, text in found.messages:
        told.setdefault(kind.lower(), []).append(text)
    return told


def _figures(found: Job, *, done: bool) -> dict[str, Any]:
    events, count = len(found.events), len(found.results) if done else 0
    return {
        "diskUsage": 4096 + sum(len(str(row.values.get("_raw", ""))) for row in found.events),
        "doneProgress": 1.0 if done else 0.5,
        "dropCount": 0,
        "eventAvailableCount": events,
        "eventCount": events,
        "eventFieldCount": 0,
        "eventIsStreaming": True,
        "eventIsTruncated": False,
        "isBatchModeSearch": False,
        "isEventsPreviewEnabled": False,
        "isRealTimeSearch": found.given.get("search_mode") == "realtime",
        "isRemoteTimeline": False,
        "isTimeCursored": True,
        "isZombie": False,
        "numPreviews": 0,
        "pid": "4242",
        "resultCount": count,
        "resultIsStreaming": not found.pipeline.reports,
        "resultPreviewCount": count,
        "runDuration": 0.05,
        "scanCount": found.pipeline.scanned,
        "statusBuckets": 0,
    }
