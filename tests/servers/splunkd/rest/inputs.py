"""data/inputs: network ports, monitored files, scripts and the event collector's tokens."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.rest.formats import Entry, Feed, render, render_messages
from tests.servers.splunkd.rest.kinds import Kind, Properties
from tests.servers.splunkd.rest.messages import Request, Response

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

ROOT = "data/inputs"
HTTP = f"{ROOT}/http"
_MONITORED = ("splunk", "introspection", "splunk_assist", "watchdog")
_TCP = ("raw", "cooked", "ssl")
_COMMON: dict[str, Any] = {"disabled": False, "host": "$decideOnStartup", "index": "default"}
_PORT: dict[str, Any] = {
    **_COMMON, "connection_host": "dns", "queue": "parsingQueue", "source": "", "sourcetype": "",
    "restrictToHost": "",
}  # fmt: skip


def _named_port(
    splunk: Splunkd, request: Request, name: str, given: Properties, *, kinds: tuple[str, ...]
) -> str:
    del request
    if not name.isdigit() or not 0 < int(name) < 65536:
        raise RestError(400, f"In handler '{kinds[0]}': Invalid port '{name}'.")
    host = (given.get("restrictToHost") or [""])[-1]
    taken = [each.name for kind in kinds for each in splunk.entities.of(f"{ROOT}/{kind}")]
    mine = f"{host}:{name}" if host else name
    if name in taken or mine in taken or (not host and any(t.endswith(f":{name}") for t in taken)):
        raise RestError(400, f"Port {name} is already in use by another input.")
    return mine


def _port_kind(path: str, kinds: tuple[str, ...]) -> Kind:
    return Kind(
        f"{ROOT}/{path}", _PORT,
        wild=("_.*", "SSL", "acceptFrom", "rawTcpDoneTimeout", "compressed", "no_.*",
              "enableS2SHeartbeat", "inputShutdownTimeout"),
        scope="global", capability="edit_tcp", named=partial(_named_port, kinds=kinds),
        shown=_shown_port,
    )  # fmt: skip


def _shown_port(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    del splunk
    shown = dict(entity.content)
    if not shown.get("restrictToHost"):
        shown.pop("restrictToHost", None)
    return {**shown, "group": "listenerports", "rcvbuf": 1572864}


def _named_token(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request
    given.setdefault("token", [str(uuid4()).upper()])
    return name if name.startswith("http://") else f"http://{name}"


TOKEN_DEFAULTS: dict[str, Any] = {
    **_COMMON, "token": "", "indexes": [], "sourcetype": "", "source": "", "useACK": False,
    "description": "", "enableSSL": True, "outputgroup": "",
}  # fmt: skip
INPUT_KINDS = [
    *(_port_kind(f"tcp/{name}", tuple(f"tcp/{each}" for each in _TCP)) for name in _TCP),
    replace(_port_kind("udp", ("udp",)), capability="edit_udp"),
    Kind(
        f"{ROOT}/monitor",
        {**_COMMON, "sourcetype": "", "recursive": True, "followTail": False, "blacklist": "",
         "whitelist": "", "ignore-older-than": "", "crc-salt": "", "host_segment": 0},
        wild=("_.*", "host_.*", "rename-source", "time-before-close", "check-.*"),
        scope="global", capability="edit_monitor",
    ),
    Kind(
        f"{ROOT}/script",
        {**_COMMON, "interval": "60.0", "sourcetype": "", "source": "", "passAuth": ""},
        wild=("_.*", "start_by_shell", "python.version", "rename-source"),
        scope="global", capability="edit_scripted",
    ),
    Kind(HTTP, TOKEN_DEFAULTS, scope="global", capability="edit_token_http", named=_named_token,
         spelt=lambda name: name if name.startswith("http://") else f"http://{name}"),
]  # fmt: skip
_TREE: dict[str, list[str]] = {
    "": ["all", "http", "monitor", "oneshot", "script", "tcp", "udp"],
    "tcp": ["cooked", "raw", "ssl"],
}


def tree(splunk: Splunkd, request: Request) -> Response:
    """The kinds of inputs; one that can be created has a link that says so."""
    below = "/".join(request.path[2:])
    path = "/services/" + "/".join(request.path)
    entries = []
    for name in _TREE[below]:
        links = [("list", f"{path}/{name}"), ("_reload", f"{path}/{name}/_reload")]
        if name not in {"all", "tcp"}:
            links.append(("create", f"{path}/{name}/_new"))
        entries.append(
            Entry(name, f"{path}/{name}", {}, {"app": "", "owner": "system"}, links=links)
        )
    return render(Feed("inputs", path, entries), request, splunk.site)


def oneshot(splunk: Splunkd, request: Request) -> Response:
    """Index a file of the server's once; every line is an event."""
    if request.method != "POST":
        return render(Feed("oneshot", f"/services/{ROOT}/oneshot", []), request, splunk.site)
    splunk.demand(request.user, "edit_monitor")
    file = Path(request.get("name"))
    if not file.is_file():
        raise RestError(400, f"In handler 'oneshotinput': path '{file}' does not exist.")
    origin = Origin(
        request.get("index", "main"),
        request.get("host", "splunk-double"),
        request.get("rename-source", str(file)),
        request.get("sourcetype", "oneshot"),
    )
    for line in file.read_text(errors="replace").splitlines():
        if line.strip():
            splunk.index_event(line, splunk.now(), origin)
    return render_messages(request, 201, [])


def seed(splunk: Splunkd) -> None:
    monitor = next(kind for kind in INPUT_KINDS if kind.path.endswith("monitor"))
    for name in _MONITORED:
        content = {**monitor.defaults, "index": "_internal"}
        path = f"$SPLUNK_HOME/var/log/{name}"
        splunk.entities.add(Entity(monitor.path, path, "search", "nobody", "global", content))
    add_token(splunk, "sftsec", splunk.hec_token)


def add_token(splunk: Splunkd, name: str, token: str, **content: Any) -> Entity:
    """A token of the event collector: `index`, `indexes`, `useACK` and the like."""
    made = {**TOKEN_DEFAULTS, "token": token, "index": "main", **content}
    return splunk.entities.add(
        Entity(HTTP, f"http://{name}", "splunk_httpinput", "nobody", "global", made)
    )
