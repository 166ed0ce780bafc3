"""properties: configuration files, their stanzas and single values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError, not_found
from tests.servers.splunkd.rest.crud import acl_of
from tests.servers.splunkd.rest.formats import Entry, Feed, address, render
from tests.servers.splunkd.rest.kinds import CONF
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.spl.times import iso

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_FILES = (
    "alert_actions", "app", "authentication", "authorize", "collections", "commands", "eventtypes",
    "fields", "indexes", "inputs", "limits", "macros", "outputs", "props", "restmap",
    "savedsearches", "server", "tags", "times", "transforms", "web", "workflow_actions",
)  # fmt: skip


def known_files(splunk: Splunkd) -> list[str]:
    made = [kind.removeprefix(CONF) for kind in splunk.entities.kinds(CONF)]
    return sorted({*_FILES, *made, *splunk.conf_files})


def properties(splunk: Splunkd, request: Request) -> Response:
    """`properties`, `properties/FILE`, `properties/FILE/STANZA` and `.../KEY`."""
    rest = request.path[1:]
    if not rest:
        return _create(splunk, request) if request.method == "POST" else _files(splunk, request)
    if rest[0] not in known_files(splunk):
        raise not_found(rest[0])
    if len(rest) == 1:
        return _stanzas(splunk, request, rest[0])
    owner, app = request.namespace
    stanza = splunk.entities.find(CONF + rest[0], owner, app, rest[1])
    if stanza is None:
        raise not_found(rest[1])
    return _values(splunk, request, stanza, rest[2:])


def _create(splunk: Splunkd, request: Request) -> Response:
    name = request.get("__conf")
    if not name:
        raise RestError(400, "The following required arguments are missing: __conf.")
    splunk.conf_files.add(name)
    location = address("servicesNS", *request.namespace, "properties", name)
    return Response(status=201, headers=[("Location", location)])


def _files(splunk: Splunkd, request: Request) -> Response:
    return _feed(splunk, request, "properties", known_files(splunk))


def _stanzas(splunk: Splunkd, request: Request, name: str) -> Response:
    owner, app = request.namespace
    if request.method == "POST":
        stanza = Entity(
            CONF + name, request.get("__stanza"), app, owner, "user", {"disabled": False}
        )
        splunk.entities.add(stanza)
        return Response(status=201)
    found = splunk.entities.visible(CONF + name, owner, app)
    return _feed(splunk, request, name, [each.name for each in found])


def _feed(splunk: Splunkd, request: Request, title: str, names: list[str]) -> Response:
    path = address("services", *request.path)
    blank = Entity("properties", title, "search", "nobody", "app")
    acl = acl_of(splunk, request, blank)
    entries = [Entry(name, f"{path}{address(name)}", {}, acl) for name in names]
    return render(Feed(title, path, entries, per_page=0), request, splunk.site)


def _values(splunk: Splunkd, request: Request, stanza: Entity, key: list[str]) -> Response:
    if request.method == "POST":
        given = {name: values[-1] for name, values in request.properties.items()}
        stanza.content.update({key[0]: request.get("value")} if key else given)
        stanza.updated = splunk.now()
        return Response(f"<response>{iso(stanza.updated)}</response>".encode())
    if key:
        if key[0] not in stanza.content:
            raise not_found(key[0])
        # A single value comes bare.
        value = stanza.content[key[0]]
        return Response(_plain(value).encode(), content_type="text/plain; charset=UTF-8")
    path = address("services", *request.path)
    acl = acl_of(splunk, request, stanza)
    entries = [
        Entry(name, f"{path}{address(name)}", {"$text": _plain(value)}, acl)
        for name, value in stanza.content.items()
    ]
    return render(Feed(stanza.name, path, entries, per_page=0), request, splunk.site)


def _plain(value: Any) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)
