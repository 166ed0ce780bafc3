"""data/indexes, and the receivers that take events into them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.rest.formats import render_messages
from tests.servers.splunkd.rest.kinds import INDEX_DEFAULTS, Kind, Properties
from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.times import iso

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

INDEXES = "data/indexes"
_BUILT_IN = ("_audit", "_internal", "_introspection", "_telemetry", "history", "main", "notable",
             "risk", "summary")  # fmt: skip
_NO_TIME = "1970-01-01T00:00:00+00:00"


def _named(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request, given
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise RestError(
            400,
            f"In handler 'indexes': Invalid index name '{name}'. Index names may contain only "
            "lowercase letters, numbers, underscores, or hyphens.",
        )
    return name


def _shown(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    events = splunk.event_store.of(entity.name)
    root = f"$SPLUNK_DB/{entity.name}"
    paths = {
        "homePath": f"{root}/db",
        "coldPath": f"{root}/colddb",
        "thawedPath": f"{root}/thaweddb",
    }
    kept = {name: value or paths.get(name, value) for name, value in entity.content.items()}
    times = [event.time for event in events]
    return {
        **kept,
        "assureUTF8": False,
        "currentDBSizeMB": sum(len(event.raw) for event in events) // 1_000_000 + 1,
        "defaultDatabase": "main",
        "isInternal": entity.name.startswith("_"),
        "isReady": True,
        "lastInitTime": f"{splunk.started:.6f}",
        "maxTime": iso(max(times)) if times else _NO_TIME,
        "minTime": iso(min(times)) if times else _NO_TIME,
        "sync": 0,
        "totalEventCount": len(events),
    }


def _gone(splunk: Splunkd, entity: Entity) -> None:
    splunk.event_store.by_index.pop(entity.name, None)


def _roll(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    """Rolling freezes, and here deletes, what is past the time that the index keeps events."""
    limit = splunk.now() - float(entity.content["frozenTimePeriodInSecs"])
    events = splunk.event_store.by_index.get(entity.name, [])
    events[:] = [event for event in events if event.time >= limit]
    return render_messages(request, 200, [])


INDEX_KIND = Kind(
    INDEXES,
    INDEX_DEFAULTS,
    wild=("homePath.*", "coldPath.*", "datatype", "remotePath", "metric.*", "tsidx.*"),
    scope="global",
    capability="indexes_edit",
    named=_named,
    shown=_shown,
    gone=_gone,
    actions={"roll-hot-buckets": _roll},
)


def seed(splunk: Splunkd) -> None:
    for name in _BUILT_IN:
        add_index(splunk, name)


def add_index(splunk: Splunkd, name: str) -> None:
    entity = Entity(INDEXES, name, "system", "nobody", "system", dict(INDEX_DEFAULTS))
    splunk.entities.add(entity)


def origin_of(splunk: Splunkd, request: Request) -> Origin:
    """Where a receiver is to put its events.

    Raises:
        RestError: for an index that is not there.
    """
    index = request.query.get("index", ["main"])[-1]
    if index not in splunk.index_names():
        raise RestError(400, f"supplied index '{index}' missing")
    given = {name: values[-1] for name, values in request.query.items()}
    return Origin(index, given.get("host", "127.0.0.1"), given.get("source", "www"),
                  given.get("sourcetype", "httpevent"))  # fmt: skip


def simple(splunk: Splunkd, request: Request) -> Response:
    """`receivers/simple`: the body is one event."""
    origin = origin_of(splunk, request)
    text = request.body.decode(errors="replace")
    if not text:
        raise RestError(400, "no data")
    splunk.index_event(text, splunk.now(), origin)
    shown = {"_index": origin.index, "bytes": str(len(request.body)), "host": origin.host,
             "source": origin.source, "sourcetype": origin.sourcetype}  # fmt: skip
    if request.wants_json:
        return json_response(shown)
    fields = "".join(
        f'    <field k="{name}">\n      <value><text>{value}</text></value>\n    </field>\n'
        for name, value in shown.items()
    )
    result = f"   <result>\n{fields}   </result>\n"
    return Response(f"<response>\n  <results>\n{result}  </results>\n</response>\n".encode())


def stream(splunk: Splunkd, origin: Origin, body: bytes) -> None:
    """`receivers/stream`: every line is an event."""
    for line in body.decode(errors="replace").splitlines():
        if line.strip():
            splunk.index_event(line, splunk.now(), origin)
