"""Enterprise Security 8's public v2: investigations, their findings and their notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.servers.splunkd.errors import RestError, not_found
from tests.servers.splunkd.es import findings
from tests.servers.splunkd.es.content import DISPOSITIONS, STATUSES
from tests.servers.splunkd.rest.messages import Request, Response, json_response

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_UPDATABLE = (
    "description",
    "status",
    "disposition",
    "owner",
    "urgency",
    "sensitivity",
    "investigation_type",
)
_DEFAULTS = {
    "description": "",
    "status": "1",
    "disposition": "disposition:0",
    "owner": "unassigned",
    "urgency": "informational",
    "sensitivity": "Unassigned",
    "investigation_type": "default",
}
_PAGE = 25


@dataclass
class Investigation:
    """One investigation."""

    guid: str
    number: int
    created: float
    updated: float
    values: dict[str, Any]
    finding_ids: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def display_id(self) -> str:
        return f"ES-{self.number:05}"

    def shown(self) -> dict[str, Any]:
        values, ids = self.values, self.finding_ids
        return {
            **values,
            "investigation_guid": self.guid,
            "investigation_id": self.display_id,
            "create_time": self.created,
            "update_time": self.updated,
            "status_name": STATUSES.get(str(values["status"]), str(values["status"])),
            "disposition_name": DISPOSITIONS.get(str(values["disposition"]), ""),
            "count_findings": len(ids),
            # One is not in a list.
            "consolidated_findings": {"event_id": ids if len(ids) > 1 else ids[0]} if ids else {},
        }


def investigations(splunk: Splunkd, request: Request) -> Response:
    if request.method == "POST":
        return _created(splunk, request)
    found = [each for each in splunk.investigations if _fits(each, request)]
    name, _, direction = request.get("sort", "create_time:desc").partition(",")[0].partition(":")
    shown = sorted(
        (each.shown() for each in found),
        key=lambda each: str(each.get(name, "")),
        reverse=direction == "desc",
    )
    limit, offset = findings.page_of(request, _PAGE)
    return json_response(shown[offset : offset + limit])


def _fits(each: Investigation, request: Request) -> bool:
    ids = [name for name in request.get("ids").split(",") if name]
    if ids and not {each.guid, each.display_id} & set(ids):
        return False
    for name in ("status", "urgency", "sensitivity", "disposition", "owner"):
        wanted = request.get(name)
        if wanted and wanted not in {str(each.values.get(name)), each.shown().get(f"{name}_name")}:
            return False
    bounds = {"create_time": each.created, "update_time": each.updated}
    return all(
        float(request.get(f"{name}_min", "0")) <= at <= float(request.get(f"{name}_max", "inf"))
        for name, at in bounds.items()
    )


def _created(splunk: Splunkd, request: Request) -> Response:
    given = request.json()
    if not given.get("name"):
        raise RestError(400, "Missing required fields: name")
    values = {**_DEFAULTS, **{n: given[n] for n in ("name", *_UPDATABLE) if n in given}}
    now = splunk.now()
    made = Investigation(str(uuid4()), len(splunk.investigations) + 1, now, now, values)
    made.finding_ids = list(given.get("finding_ids", []))
    splunk.investigations.append(made)
    return json_response(
        {"investigation_guid": made.guid, "investigation_id": made.display_id}, 201
    )


def _of(splunk: Splunkd, name: str) -> Investigation:
    for each in splunk.investigations:
        if name in {each.guid, each.display_id}:
            return each
    raise not_found(name)


def investigation(splunk: Splunkd, request: Request) -> Response:
    """Change one; a finding's id will do as well as an investigation's."""
    name = request.path[-1]
    if "@@" in name:
        return findings.change(splunk, request)
    found = _of(splunk, name)
    if request.method == "GET":
        return json_response(found.shown())
    given = request.json()
    found.values.update({each: given[each] for each in _UPDATABLE if each in given})
    found.updated = splunk.now()
    return json_response({"investigation_guid": found.guid})


def members(splunk: Splunkd, request: Request) -> Response:
    """The findings of one, and more of them."""
    found = _of(splunk, request.path[-2])
    if request.method == "POST":
        ids = request.json().get("finding_ids", [])
        found.finding_ids = list(dict.fromkeys([*found.finding_ids, *ids]))
        found.updated = splunk.now()
    return json_response({"finding_ids": found.finding_ids})


def notes(splunk: Splunkd, request: Request) -> Response:
    """The notes of one, and a new one."""
    name = request.path[-2]
    kept = splunk.finding_notes.setdefault(name, []) if "@@" in name else _of(splunk, name).notes
    if request.method == "GET":
        limit, offset = findings.page_of(request, _PAGE)
        items = kept[offset : offset + limit]
        return json_response({"items": items, "limit": limit, "offset": offset, "total": len(kept)})
    given = request.json()
    if not given.get("content"):
        raise RestError(400, "Missing required fields: content")
    note = {"id": str(uuid4()), "title": given.get("title", ""), "content": given["content"],
            "author": request.user, "create_time": splunk.now()}  # fmt: skip
    kept.append(note)
    return json_response(note, 201)
