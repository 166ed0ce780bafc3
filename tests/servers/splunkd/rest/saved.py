"""saved/searches with all that can be done to one, and alerts/fired_alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.rest.crud import acl_of, paged
from tests.servers.splunkd.rest.formats import Entry, Feed, address, render
from tests.servers.splunkd.rest.jobs import entry_of_job, sid_response
from tests.servers.splunkd.rest.kinds import SAVED_SEARCH_DEFAULTS, Kind, Properties
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.rest.scheduler import catch_up, key_of, times_of
from tests.servers.splunkd.rest.server_info import single
from tests.servers.splunkd.spl.times import iso, moment

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

SEARCHES = "saved/searches"
_ERRORS = "error OR failed OR severe OR ( sourcetype=access_* ( 404 OR 500 ) )"
_METRICS = "index=_internal source=*metrics.log | stats count by group"
_BUILT_IN = {
    "Errors in the last 24 hours": (_ERRORS, "-1d"),
    "Errors in the last hour": (_ERRORS, "-1h"),
    "Messages by minute last 3 hours": (_METRICS, "-3h"),
    "Splunk errors last 24 hours": ("index=_internal error NOT debug source=*splunkd.log*", "-24h"),
}


def _checked(splunk: Splunkd, request: Request, given: Properties) -> None:
    del splunk, request
    cron = (given.get("cron_schedule") or [""])[-1]
    if cron:
        next(times_of(cron, 0, 60), None)


def _named(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    _checked(splunk, request, given)
    return name


def _shown(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    catch_up(splunk)
    fired = splunk.schedule.fired.get(key_of(entity), [])
    scheduled = entity.content["is_scheduled"] and entity.content["cron_schedule"]
    now = splunk.now()
    following = (
        next(times_of(entity.content["cron_schedule"], now, now + 86400), None)
        if scheduled
        else None
    )
    return {
        **entity.content,
        "next_scheduled_time": iso(following) if following else "",
        "qualifiedSearch": entity.content["search"],
        "triggered_alert_count": len(fired),
    }


def _gone(splunk: Splunkd, entity: Entity) -> None:
    splunk.schedule.fired.pop(key_of(entity), None)


def _dispatch(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    job = splunk.jobs.dispatch_saved(splunk, entity, request.properties, splunk.now())
    return sid_response(request, job.sid)


def _history(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    catch_up(splunk)
    found = splunk.jobs.of_saved(splunk, key_of(entity))
    entries = [entry_of_job(splunk, request, job) for job in found]
    for entry, job in zip(entries, found, strict=True):
        entry.name = job.sid
    feed = Feed("history", address("services", *request.path), entries)
    return render(paged(feed, request, "dispatchTime", "desc"), request, splunk.site)


def _scheduled_times(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    now = splunk.now()
    start = moment(request.get("earliest_time", "now"), now)
    end = moment(request.get("latest_time", "+1h"), now)
    found = [int(each) for each in times_of(entity.content["cron_schedule"], start, end)]
    return single(splunk, request, entity.name, {"scheduled_times": found})


def _suppress(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    held, now = splunk.schedule.suppressed, splunk.now()
    if request.method == "POST":
        held[key_of(entity)] = now + request.integer("expiration", 0)
    left = round(held.get(key_of(entity), 0) - now)
    content = {"suppressed": left > 0, "expiration": max(left, 0)}
    return single(splunk, request, entity.name, content)


def _acknowledge(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    splunk.schedule.fired.pop(key_of(entity), None)
    return single(splunk, request, entity.name, {})


SEARCH_KIND = Kind(
    SEARCHES,
    SAVED_SEARCH_DEFAULTS,
    required=("search",),
    wild=(r"action\..*", r"alert\..*", r"args\..*", r"dispatch\..*", r"display\..*", r"request\..*",
          r"auto_summarize\..*", r"durable\..*", r"embed\..*", "counttype|relation|quantity|ui_.*"),
    named=_named,
    checked=_checked,
    shown=_shown,
    gone=_gone,
    actions={
        "dispatch": _dispatch,
        "history": _history,
        "scheduled_times": _scheduled_times,
        "suppress": _suppress,
        "acknowledge": _acknowledge,
    },
)  # fmt: skip


def fired_alerts(splunk: Splunkd, request: Request) -> Response:
    """`alerts/fired_alerts`: a group for each search that fired, and then a group's alerts."""
    catch_up(splunk)
    path = "/services/alerts/fired_alerts"
    acl = acl_of(splunk, request, Entity("alerts", "-", "search", "nobody", "app"))
    if len(request.path) > 2:
        wanted = request.path[2]
        found = [(key, alert) for key, alerts in splunk.schedule.fired.items()
                 for alert in alerts if wanted in {"-", key[2]}]  # fmt: skip
        entries = [Entry(alert["sid"], f"{path}/{alert['sid']}", alert, {**acl, "app": key[1]})
                   for key, alert in found]  # fmt: skip
        return render(
            paged(Feed(wanted, f"{path}/{wanted}", entries), request), request, splunk.site
        )
    groups = {key[2]: len(alerts) for key, alerts in splunk.schedule.fired.items()}
    if groups:
        groups = {"-": sum(groups.values()), **groups}
    entries = [
        Entry(name, path + address(name), {"triggered_alert_count": count}, acl)
        for name, count in groups.items()
    ]
    return render(paged(Feed("alerts", path, entries), request), request, splunk.site)


def seed(splunk: Splunkd) -> None:
    for name, (search, earliest) in _BUILT_IN.items():
        content = {**SAVED_SEARCH_DEFAULTS, "search": search, "dispatch.earliest_time": earliest}
        splunk.entities.add(Entity(SEARCHES, name, "search", "nobody", "app", content,
                                   {"read": ["*"], "write": ["admin", "power"]}))  # fmt: skip
