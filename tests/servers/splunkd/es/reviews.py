"""notable_update, and the history of reviews that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.es.content import APP, DISPOSITIONS, REVIEWS
from tests.servers.splunkd.rest.identity import USERS
from tests.servers.splunkd.rest.kinds import CONF
from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.rows import texts

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_URGENCIES = ("informational", "low", "medium", "high", "critical", "unknown")
_UNASSIGNED = "unassigned"
# What a review calls a thing, and what the form does.
_GIVEN = {
    "status": "status",
    "urgency": "urgency",
    "owner": "newOwner",
    "disposition": "disposition",
    "comment": "comment",
}


class ReviewError(ValueError):
    """A review that cannot be written; the text is what the answer says of it."""


def update(splunk: Splunkd, request: Request) -> Response:
    """`notable_update`: 200 even when nothing was done; `success` tells."""
    splunk.demand(request.user, "edit_notable_events")
    if splunk.faults.takes("notable_updates_refused"):
        return _refused("Could not save to the incident_review collection.")
    try:
        ids = _ids(splunk, request)
        changes = {name: request.get(given) for name, given in _GIVEN.items()}
        review(splunk, request.user, ids, changes)
    except ReviewError as refusal:
        return _refused(f"ValueError: {refusal}")
    count = len(ids)
    told = f"{count} event{'s' if count != 1 else ''} updated successfully"
    counts = {"success_count": count, "failure_count": 0}
    return json_response(
        {"success": True, "message": told, **counts, "warnings": [], "details": {}}
    )


def _refused(message: str) -> Response:
    return json_response({"success": False, "message": message})


def _ids(splunk: Splunkd, request: Request) -> list[str]:
    ids = [each for each in request.form.get("ruleUIDs", []) if each]
    ids += [each for each in request.form.get("ruleUIDs[]", []) if each]
    sid = request.get("searchID")
    if not ids and sid:
        ids = [
            each
            for row in splunk.jobs.get(splunk, sid).results
            for each in texts(row.get("event_id"))
        ]
    if not ids:
        raise ReviewError("Either searchID or ruleUIDs must be specified.")
    return ids


def review(splunk: Splunkd, user: str, ids: list[str], changes: dict[str, str]) -> None:
    """Add a row to the history of each notable: what does not change is carried over.

    Raises:
        ReviewError: for a status, an urgency, an owner or a disposition that is not known.
    """
    given = {name: value for name, value in changes.items() if value}
    if not given:
        raise ReviewError("No changes were specified.")
    _checked(splunk, given)
    collection = splunk.collections[APP, REVIEWS]
    for each in ids:
        before = latest(splunk, each) or {}
        row = {
            "time": splunk.now(),
            "rule_id": each,
            "rule_name": before.get("rule_name", ""),
            "status": before.get("status", "1"),
            "owner": before.get("owner", _UNASSIGNED),
            "urgency": before.get("urgency", ""),
            "disposition": before.get("disposition", ""),
            "comment": "",
            "user": user,
            **given,
        }
        collection.insert("nobody", {name: value for name, value in row.items() if value != ""})


def _checked(splunk: Splunkd, given: dict[str, str]) -> None:
    statuses = {each.name for each in splunk.entities.of(f"{CONF}reviewstatuses")}
    if "status" in given and (given["status"] not in statuses or given["status"] in DISPOSITIONS):
        raise ReviewError("Invalid status value.")
    if "disposition" in given and given["disposition"] not in {s for s in statuses if ":" in s}:
        raise ReviewError("Invalid disposition value.")
    if "urgency" in given and given["urgency"] not in _URGENCIES:
        raise ReviewError("Invalid urgency value.")
    owners = {user.name for user in splunk.entities.of(USERS)} | {_UNASSIGNED}
    if "owner" in given and given["owner"] not in owners:
        raise ReviewError("Invalid owner value.")


def history(splunk: Splunkd, event_id: str) -> list[dict[str, Any]]:
    """The reviews of a notable, oldest first."""
    rows = [row for row in splunk.collections[APP, REVIEWS].all() if row.get("rule_id") == event_id]
    return sorted(rows, key=lambda row: row.get("time", 0))


def latest(splunk: Splunkd, event_id: str) -> dict[str, Any] | None:
    rows = history(splunk, event_id)
    return rows[-1] if rows else None


def status_entity(splunk: Splunkd, name: str) -> Entity | None:
    return splunk.entities.find(f"{CONF}reviewstatuses", "nobody", APP, name)
