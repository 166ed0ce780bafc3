"""Objects of every kind: list, read, create, change, share and delete."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import ANY, Entity, Sharing
from tests.servers.splunkd.errors import RestError, forbidden, not_found
from tests.servers.splunkd.rest.formats import Entry, Feed, address, render
from tests.servers.splunkd.rest.kinds import CONF, Kind
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.spl.rows import Row, number
from tests.servers.splunkd.spl.terms import parse_terms

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_PAGE = 30
_NAMESPACED = (CONF, "storage/collections")


def serve(splunk: Splunkd, request: Request, kind: Kind, rest: list[str]) -> Response:
    """Answer for a kind; `rest` is what follows its path: a name, and what to do with it."""
    if request.method in {"POST", "DELETE"} and kind.capability is not None:
        splunk.demand(request.user, kind.capability)
    whole = {(): _collection, ("_new",): _template, ("_reload",): _reloaded}.get(tuple(rest))
    if whole is not None:
        return whole(splunk, request, kind)
    entities = _found(splunk, request, kind, kind.spelt(rest[0]))
    if len(rest) > 1:
        return _acted(splunk, request, kind, entities[0], rest[1:])
    if request.method == "GET":
        shown = [entry_of(splunk, request, kind, entity, full=True) for entity in entities]
        return render(_feed(kind, shown), request, splunk.site)
    if request.method == "DELETE":
        return _deleted(splunk, request, kind, entities[0])
    return _updated(splunk, request, kind, entities[0])


def _collection(splunk: Splunkd, request: Request, kind: Kind) -> Response:
    if request.method == "GET":
        return _listed(splunk, request, kind)
    return _created(splunk, request, kind)


def _reloaded(splunk: Splunkd, request: Request, kind: Kind) -> Response:
    del splunk, request, kind
    return Response()


def _found(splunk: Splunkd, request: Request, kind: Kind, name: str) -> list[Entity]:
    owner, app = request.namespace
    found = splunk.entities.visible(kind.kept_as, owner, app, name)
    if not found and request.method == "DELETE":
        raise RestError(kind.unknown_status, f"Could not find object id={name}")
    if not found:
        raise not_found(name)
    return found


# --- what is shown


def acl_of(splunk: Splunkd, request: Request, entity: Entity) -> dict[str, Any]:
    writable = splunk.may_write(request.user, entity)
    return {
        "app": entity.app,
        "can_change_perms": writable,
        "can_list": True,
        "can_share_app": writable,
        "can_share_global": writable,
        "can_share_user": writable and entity.owner != "nobody",
        "can_write": writable,
        "modifiable": writable,
        "owner": entity.owner,
        "perms": entity.perms,
        "removable": writable,
        "sharing": entity.sharing,
    }


def path_of(kind: Kind, entity: Entity) -> str:
    return address("servicesNS", entity.path_owner, entity.app, *kind.path.split("/"), entity.name)


def entry_of(
    splunk: Splunkd, request: Request, kind: Kind, entity: Entity, *, full: bool = False
) -> Entry:
    path = path_of(kind, entity)
    content = dict(kind.shown(splunk, entity))
    if kind.kept_as.startswith(_NAMESPACED):
        content |= {"eai:appName": entity.app, "eai:userName": entity.path_owner}
    acl = acl_of(splunk, request, entity)
    links = [("list", path), ("_reload", f"{path}/_reload"), ("edit", path), ("remove", path)]
    links.append(
        ("enable", f"{path}/enable") if content.get("disabled") else ("disable", f"{path}/disable")
    )
    fields = _arguments(kind, ()) if full else None
    return Entry(entity.name, path, content, acl, entity.updated, fields, links, entity.owner)


def _arguments(kind: Kind, required: tuple[str, ...]) -> dict[str, list[str]]:
    optional = [name for name in kind.defaults if name not in required]
    wild = [".*", *kind.wild] if kind.open else list(kind.wild)
    return {"required": list(required), "optional": optional, "wildcard": wild}


def _feed(kind: Kind, entries: list[Entry]) -> Feed:
    path = address("services", *kind.path.split("/"))
    links = [("create", f"{path}/_new"), ("_reload", f"{path}/_reload")]
    return Feed(kind.path.rpartition("/")[2], path, entries, links=links)


def _listed(splunk: Splunkd, request: Request, kind: Kind) -> Response:
    owner, app = request.namespace
    entities = splunk.entities.visible(kind.kept_as, owner, app)
    entries = [entry_of(splunk, request, kind, entity) for entity in entities]
    return render(paged(_feed(kind, entries), request), request, splunk.site)


def paged(feed: Feed, request: Request, default_key: str = "name", descending: str = "asc") -> Feed:
    """Filter, sort and cut as the request says."""
    wanted = request.query.get("search", [""])[-1]
    entries = feed.entries
    if wanted not in {"", "*"}:
        matches = parse_terms(wanted, lambda _: []).matches
        entries = [entry for entry in entries if matches(_row_of(entry))]
    entries = sorted(
        entries,
        key=_order(request.get("sort_key", default_key), request.get("sort_mode", "auto")),
        reverse=request.get("sort_dir", descending) == "desc",
    )
    count, offset = request.integer("count", _PAGE), request.integer("offset", 0)
    feed.total, feed.offset, feed.per_page = len(entries), offset, max(count, 0)
    feed.entries = entries[offset : offset + count] if count > 0 else entries[offset:]
    return feed


def _row_of(entry: Entry) -> Row:
    row = Row({"name": entry.name, "title": entry.name})
    for name, value in entry.content.items():
        row.set(name, ("1" if value else "0") if isinstance(value, bool) else str(value))
    row.set("_raw", " ".join(str(value) for value in row.values.values()))
    return row


def _order(key: str, mode: str) -> Callable[[Entry], Any]:
    def text(entry: Entry) -> str:
        return entry.name if key in {"name", "title"} else str(entry.content.get(key, ""))

    if mode == "alpha_case":
        return text
    if mode == "num":
        return lambda entry: number(text(entry)) or 0
    return lambda entry: text(entry).lower()


def _template(splunk: Splunkd, request: Request, kind: Kind) -> Response:
    owner, app = request.namespace
    blank = Entity(kind.kept_as, "_new", app, owner, "user", dict(kind.defaults))
    entry = Entry(
        "_new", path_of(kind, blank), dict(kind.defaults), acl_of(splunk, request, blank),
        fields=_arguments(kind, ("name", *kind.required)),
    )  # fmt: skip
    return render(_feed(kind, [entry]), request, splunk.site)


# --- what is changed


def _created(splunk: Splunkd, request: Request, kind: Kind) -> Response:
    if not kind.creatable or request.method != "POST":
        raise RestError(405, "Method Not Allowed")
    entity = create(splunk, request, kind, request.properties)
    entry = entry_of(splunk, request, kind, entity, full=True)
    return render(_feed(kind, [entry]), request, splunk.site, 201)


def create(
    splunk: Splunkd, request: Request, kind: Kind, properties: dict[str, list[str]]
) -> Entity:
    """Make an object in the request's namespace.

    Raises:
        RestError: 400 for arguments, 409 for a name that is taken.
    """
    given = {name: list(values) for name, values in properties.items()}
    name = (given.pop("name", None) or [""])[-1]
    missing = [each for each in kind.required if not any(given.get(each, []))]
    if not name.strip() or missing:
        lacking = ", ".join(missing or ["name"])
        raise RestError(400, f"The following required arguments are missing: {lacking}.")
    name = kind.named(splunk, request, name, given)
    owner, app = request.namespace
    entity = _placed(
        kind, name, "nobody" if owner == ANY else owner, "search" if app == ANY else app
    )
    if _is_taken(splunk, entity):
        raise RestError(
            409, f"Unable to create {kind.path}: an object with name={name} already exists."
        )
    entity.content = {**_copied(kind.defaults), **kind.read(given)}
    if kind.open:
        entity.content.setdefault("disabled", False)
    entity.updated = splunk.now()
    splunk.entities.add(entity)
    kind.changed(splunk, entity)
    return entity


def _copied(defaults: Any) -> dict[str, Any]:
    return {n: list(v) if isinstance(v, list) else v for n, v in defaults.items()}


def _placed(kind: Kind, name: str, owner: str, app: str) -> Entity:
    perms = {"read": ["*"], "write": ["admin", "power"]}
    if kind.scope == "global":
        return Entity(
            kind.kept_as, name, "search", "nobody", "global", perms={**perms, "write": ["admin"]}
        )
    if kind.scope == "app" or owner == "nobody":
        sharing: Sharing = "system" if app == "system" else "app"
        return Entity(kind.kept_as, name, app, "nobody", sharing, perms=perms)
    return Entity(kind.kept_as, name, app, owner, "user")


def _is_taken(splunk: Splunkd, entity: Entity) -> bool:
    """Whether one of this name is in the very same place."""
    return any(
        each.name == entity.name
        and (entity.sharing == "global" or each.app == entity.app)
        and each.path_owner == entity.path_owner
        for each in splunk.entities.of(entity.kind)
    )


def _may_write(splunk: Splunkd, request: Request, entity: Entity) -> None:
    if not splunk.may_write(request.user, entity):
        raise forbidden(request.user, "admin_all_objects")


def _updated(splunk: Splunkd, request: Request, kind: Kind, entity: Entity) -> Response:
    _may_write(splunk, request, entity)
    given = {name: values for name, values in request.properties.items() if name != "name"}
    kind.checked(splunk, request, given)
    entity.content.update(kind.read(given))
    entity.updated = splunk.now()
    kind.changed(splunk, entity)
    entry = entry_of(splunk, request, kind, entity, full=True)
    return render(_feed(kind, [entry]), request, splunk.site)


def _deleted(splunk: Splunkd, request: Request, kind: Kind, entity: Entity) -> Response:
    _may_write(splunk, request, entity)
    splunk.entities.remove(entity)
    kind.gone(splunk, entity)
    owner, app = request.namespace
    left = splunk.entities.visible(kind.kept_as, owner, app)
    entries = [entry_of(splunk, request, kind, each) for each in left]
    return render(_feed(kind, entries), request, splunk.site)


def _acted(
    splunk: Splunkd, request: Request, kind: Kind, entity: Entity, action: list[str]
) -> Response:
    if action[0] in kind.actions:
        return kind.actions[action[0]](splunk, request, entity)
    if action == ["acl"]:
        if request.method == "POST":
            _may_write(splunk, request, entity)
            _share(request, entity)
    elif action in (["enable"], ["disable"]) and request.method == "POST":
        entity.content["disabled"] = action == ["disable"]
        kind.changed(splunk, entity)
    elif action != ["_reload"]:
        raise RestError(404, "Not Found")
    entity.updated = splunk.now()
    entry = entry_of(splunk, request, kind, entity, full=True)
    return render(_feed(kind, [entry]), request, splunk.site)


def _share(request: Request, entity: Entity) -> None:
    sharing = request.get("sharing")
    if sharing not in {"user", "app", "global"} or not request.get("owner"):
        raise RestError(400, "The following required arguments are missing: owner, sharing.")
    entity.sharing = sharing  # type: ignore[assignment]
    entity.owner = request.get("owner")
    if request.get("app"):
        entity.app = request.get("app")
    entity.perms = None
    if sharing != "user":
        entity.perms = {
            right: [each for each in re.split(r"\s*,\s*", request.get(f"perms.{right}")) if each]
            for right in ("read", "write")
        }
