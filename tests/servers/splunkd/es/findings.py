"""Enterprise Security 8's public v2: findings.

A finding is a notable event; how it is judged is in the same history of reviews.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.servers.splunkd.errors import RestError, not_found
from tests.servers.splunkd.es.content import add_notable
from tests.servers.splunkd.es.reviews import ReviewError, review
from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.times import moment

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_MOST, _PAGE = 100, 25
_REQUIRED = ("rule_title", "rule_description", "security_domain", "risk_object",
             "risk_object_type", "risk_score")  # fmt: skip
_FILTERS = ("status", "urgency", "disposition", "owner", "rule_title")
_CHANGES = ("status", "urgency", "disposition", "owner", "assignee", "comment")


def findings(splunk: Splunkd, request: Request) -> Response:
    """The list, and new ones: the same one posted twice is two."""
    if request.method == "POST":
        return _created(splunk, request)
    found = [each for each in _all(splunk, request) if _fits(each, request)]
    limit, offset = page_of(request, _PAGE)
    names = [each for each in request.get("fields").split(",") if each]
    items = [
        {name: item[name] for name in names if name in item} if names else item
        for item in found[offset : offset + limit]
    ]
    return json_response({"items": items, "limit": limit, "offset": offset, "total": len(found)})


def page_of(request: Request, default: int) -> tuple[int, int]:
    limit, offset = request.integer("limit", default), request.integer("offset", 0)
    if not 0 < limit <= _MOST:
        raise RestError(400, f"limit must be between 1 and {_MOST}")
    return limit, offset


def _all(splunk: Splunkd, request: Request) -> list[dict[str, Any]]:
    """Those of the time asked for: without a word about it, of the last day."""
    now = splunk.now()
    earliest = moment(request.get("earliest", "-24h"), now)
    latest = moment(request.get("latest", "now"), now + 1)
    rows = splunk.search(
        f"search earliest={earliest} latest={latest} `notable` | fields *", request.user
    )
    return [_shown(row) for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name == "_time" or name[:1] != "_"}
    return {**kept, "finding_id": row["event_id"]}


def _fits(item: dict[str, Any], request: Request) -> bool:
    ids = [each for each in request.get("finding_ids").split(",") if each]
    if ids and item["finding_id"] not in ids:
        return False
    wanted = {name: request.get(name) for name in _FILTERS if request.get(name)}
    return all(value in (item.get(n), item.get(f"{n}_label")) for n, value in wanted.items())


def finding(splunk: Splunkd, request: Request) -> Response:
    """One by its id; an older one is found only with an `earliest` before it."""
    name = request.path[-1]
    for item in _all(splunk, request):
        if item["finding_id"] == name:
            return json_response(item)
    raise not_found(name)


def _created(splunk: Splunkd, request: Request) -> Response:
    given = request.json()
    missing = [name for name in _REQUIRED if given.get(name) in {None, ""}]
    if missing:
        raise RestError(400, f"Missing required fields: {', '.join(missing)}")
    at = splunk.now()
    name = f"{uuid4()}@@notable@@time{at:.0f}"
    fields = {n: v for n, v in given.items() if n not in {"status", "owner", "disposition"}}
    fields |= {
        "event_id": name,
        "risk_score": f"{float(given['risk_score'])}",
        "notable_type": "finding",
    }
    add_notable(splunk, fields, at)
    judged = {
        n: str(given[n]) for n in ("status", "owner", "disposition", "urgency") if given.get(n)
    }
    if judged:
        _reviewed(splunk, request.user, name, judged)
    response = json_response({**given, "finding_id": name, "event_id": name, "_time": at}, 201)
    if splunk.faults.takes("findings_dropped"):
        response.cut_after = -1  # it is there, and the client cannot know
    return response


def _reviewed(splunk: Splunkd, user: str, name: str, changes: dict[str, str]) -> None:
    try:
        review(splunk, user, [name], changes)
    except ReviewError as refusal:
        raise RestError(400, str(refusal)) from None


def change(splunk: Splunkd, request: Request) -> Response:
    """`v1/investigations/FINDING`, and the same below v2: judge a finding."""
    given = request.json()
    changes = {n: str(given[n]) for n in _CHANGES if given.get(n) is not None}
    if "assignee" in changes:
        changes["owner"] = changes.pop("assignee")
    _reviewed(splunk, request.user, request.path[-1], changes)
    return json_response({"id": request.path[-1], "success": True})
