"""storage/collections: the KV store's configuration and data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError, forbidden
from tests.servers.splunkd.kvstore import Collection, Document, shaped
from tests.servers.splunkd.lookups import COLLECTIONS
from tests.servers.splunkd.rest.crud import serve
from tests.servers.splunkd.rest.kinds import CONF, Kind
from tests.servers.splunkd.rest.messages import Request, Response, json_response

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

NOBODY = "nobody"
_MAX_ROWS, _MAX_QUERIES, _CAP, _CAP_10 = 50_000, 1_000, 1_000, 10_000
LIMITS = f"{CONF}limits"


def _changed(splunk: Splunkd, entity: Entity) -> None:
    key = entity.app, entity.name
    if key not in splunk.collections:
        splunk.collections[key] = Collection(entity.content)


def _gone(splunk: Splunkd, entity: Entity) -> None:
    splunk.collections.pop((entity.app, entity.name), None)


COLLECTION_KIND = Kind(
    COLLECTIONS,
    {"disabled": False, "enforceTypes": False, "replicate": False, "profilingEnabled": False,
     "profilingThresholdMs": 1000, "replication_dump_maximum_file_size": 10240,
     "replication_dump_strategy": "auto", "type": "undefined"},
    wild=(r"field\..*", r"accelerated_fields\..*"),
    scope="app",
    changed=_changed,
    gone=_gone,
)  # fmt: skip


def config(splunk: Splunkd, request: Request) -> Response:
    if request.owner not in {None, NOBODY, "-"}:
        raise RestError(
            400,
            "Must use user context of 'nobody' when interacting with collection configurations "
            f"(used user='{request.owner}')",
        )
    request.owner = request.owner or NOBODY
    return serve(splunk, request, COLLECTION_KIND, request.path[3:])


def data(splunk: Splunkd, request: Request) -> Response:
    """Documents: all, by key, or in batches. Errors come as JSON whatever was asked for."""
    request.query.setdefault("output_mode", ["json"])
    status = splunk.faults.next_status("kv_statuses")
    if status is not None:
        raise RestError(status, "KV Store is in maintenance mode.")
    user = request.owner or NOBODY
    _, app = request.namespace
    entity = splunk.entities.find(COLLECTIONS, NOBODY, app, request.path[3])
    collection = splunk.collections.get((entity.app, entity.name)) if entity else None
    if entity is None or collection is None:
        raise RestError(404, "Could not find object.")
    if request.method != "GET" and not splunk.may_write(request.user, entity):
        raise forbidden(request.user, "kvstore_write")
    key = request.path[4] if len(request.path) > 4 else None
    if key in {"batch_save", "batch_find"} and request.method == "POST":
        return _batch(splunk, request, collection, user, key)
    return _all(request, collection, user) if key is None else _one(request, collection, user, key)


def _batch(
    splunk: Splunkd, request: Request, collection: Collection, user: str, what: str
) -> Response:
    given = request.json()
    if not isinstance(given, list):
        raise RestError(400, "JSON in the request is invalid. ( A batch is an array )")
    if what == "batch_find":
        if len(given) > _MAX_QUERIES:
            raise _too_large(len(given), _MAX_QUERIES, "max_queries_per_batch")
        return json_response([_found(collection, user, each) for each in given])
    cap = batch_cap(splunk)
    if len(given) > cap:
        raise _too_large(len(given), cap, "max_documents_per_batch_save")
    return json_response(collection.save(user, given))


def batch_cap(splunk: Splunkd) -> int:
    """The most documents of one `batch_save`, as conf-limits says it."""
    if splunk.faults.kv_batch_cap is not None:
        return splunk.faults.kv_batch_cap
    stanza = splunk.entities.find(LIMITS, NOBODY, "search", "kvstore")
    return int(stanza.content["max_documents_per_batch_save"]) if stanza else _CAP


def _too_large(given: int, cap: int, name: str) -> RestError:
    return RestError(
        400, "Request exceeds API limits - see limits.conf for details. "
        f"(The request has {given}, {name} = {cap})",
    )  # fmt: skip


def _found(collection: Collection, user: str, asked: Any) -> list[Document]:
    if not isinstance(asked, dict):
        raise RestError(400, "JSON in the request is invalid. ( A query is an object )")
    return shaped(
        collection.find(user, asked.get("query")),
        sort=str(asked.get("sort", "")),
        fields=str(asked.get("fields", "")),
        skip=int(asked.get("skip", 0)),
        limit=int(asked.get("limit", 0)) or _MAX_ROWS,
    )


def _all(request: Request, collection: Collection, user: str) -> Response:
    if request.method == "POST":
        return json_response({"_key": collection.insert(user, request.json())}, 201)
    query = _query(request)
    if request.method == "DELETE":
        collection.delete(user, query)
        return json_response({})
    asked = {name: request.get(name) for name in ("sort", "fields") if request.get(name)}
    paging = {name: request.integer(name, 0) for name in ("skip", "limit")}
    return json_response(_found(collection, user, {"query": query, **asked, **paging}))


def _query(request: Request) -> Any:
    text = request.query.get("query", [""])[-1]
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise RestError(400, f"JSON in the request is invalid. ( {wrong} )") from None


def _one(request: Request, collection: Collection, user: str, key: str) -> Response:
    if request.method == "GET":
        return json_response(collection.get(user, key))
    if request.method == "DELETE":
        with collection.lock:
            collection.get(user, key)
            del collection.documents[user, key]
        return json_response({})
    collection.replace(user, key, request.json())
    return json_response({"_key": key})


def seed(splunk: Splunkd) -> None:
    cap = _CAP_10 if splunk.major >= 10 else _CAP
    content = {
        "disabled": False, "max_documents_per_batch_save": str(cap),
        "max_queries_per_batch": str(_MAX_QUERIES), "max_rows_per_query": str(_MAX_ROWS),
        "max_size_per_batch_save_mb": "50", "max_size_per_result_mb": "50",
    }  # fmt: skip
    splunk.entities.add(Entity(LIMITS, "kvstore", "system", "nobody", "system", content))


def add_collection(
    splunk: Splunkd, app: str, name: str, sharing: str = "app", **content: Any
) -> Collection:
    """A collection of an app's; `**{"field.x": "number"}` gives a field its type."""
    made = {**COLLECTION_KIND.defaults, **content}
    perms = {"read": ["*"], "write": ["admin", "power"]}
    entity = Entity(COLLECTIONS, name, app, NOBODY, "app", made, perms)
    if sharing == "global":
        entity.sharing = "global"
    _changed(splunk, splunk.entities.add(entity))
    return splunk.collections[app, name]
