"""What Enterprise Security brings: its index, macros, lookups, statuses and dispositions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.events import Event, Origin
from tests.servers.splunkd.lookups import DEFINITIONS
from tests.servers.splunkd.rest.kinds import CONF
from tests.servers.splunkd.rest.kv import add_collection
from tests.servers.splunkd.spl.macros import MACROS
from tests.servers.splunkd.spl.rows import GUID, text_of
from tests.servers.splunkd.spl.writing import ALERT_ACTIONS

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

APP = "SA-ThreatIntelligence"
REVIEWS = "incident_review"
STATUSES = {"0": "Unassigned", "1": "New", "2": "In Progress", "3": "Pending", "4": "Resolved",
            "5": "Closed"}  # fmt: skip
DISPOSITIONS = {
    "disposition:0": "Unassigned",
    "disposition:1": "True Positive - Suspicious Activity",
    "disposition:2": "Benign Positive - Suspicious But Expected",
    "disposition:3": "False Positive - Incorrect Analytic Logic",
    "disposition:4": "False Positive - Inaccurate Data",
    "disposition:5": "Other",
    "disposition:6": "Undetermined",
}
_COLUMNS = "_key, time, rule_id, rule_name, status, owner, urgency, comment, user, disposition"
# The newest review of each notable; the lookup itself has all of them.
_NOTABLE = r"""index=notable
| eval event_id=coalesce(event_id,
    replace(_bkt, ".*~(.+)", "\1")."@@".index."@@".md5(_time._raw)), rule_id=event_id
| join type=left rule_id [| inputlookup incident_review_lookup | sort 0 - time
  | dedup rule_id | rename time AS review_time, user AS reviewer
  | table rule_id status owner urgency disposition comment reviewer review_time]
| eval status=coalesce(status, default_status, "1"),
  owner=coalesce(owner, default_owner, "unassigned"),
  urgency=coalesce(urgency, severity, "medium"), disposition=coalesce(disposition, "disposition:0"),
  rule_name=coalesce(rule_name, search_name), rule_title=coalesce(rule_title, rule_name)
| lookup reviewstatuses_lookup _key AS status OUTPUT label AS status_label
| lookup reviewstatuses_lookup _key AS disposition OUTPUT label AS disposition_label"""
_ALERT_ACTIONS = ("email", "logevent", "webhook", "rss", "script", "populate_lookup",
                  "summary_index", "risk", "notable")  # fmt: skip


def seed(splunk: Splunkd) -> None:
    """Put it in, as if the apps had been installed."""
    add_collection(splunk, APP, REVIEWS, "global", **{"field.time": "time"})
    _lookup(
        splunk,
        "incident_review_lookup",
        external_type="kvstore",
        collection=REVIEWS,
        fields_list=_COLUMNS,
    )
    _lookup(splunk, "reviewstatuses_lookup", filename="reviewstatuses.csv")
    splunk.lookups.files["reviewstatuses.csv"] = []
    for name, label in {**STATUSES, **DISPOSITIONS}.items():
        add_status(splunk, name, label)
    for name, definition in {
        "notable": _NOTABLE,
        "get_notable_index": "index=notable",
        "risk_index": "index=risk",
    }.items():
        content = {"definition": definition, "iseval": False, "disabled": False}
        splunk.entities.add(Entity(MACROS, name, APP, "nobody", "global", content))
    for name in _ALERT_ACTIONS:
        content = {"disabled": False, "is_custom": False}
        splunk.entities.add(Entity(ALERT_ACTIONS, name, APP, "nobody", "global", content))


def _lookup(splunk: Splunkd, name: str, **content: Any) -> None:
    made = {"disabled": False, **content}
    splunk.entities.add(Entity(DEFINITIONS, name, APP, "nobody", "global", made))


def add_status(splunk: Splunkd, name: str, label: str) -> None:
    """A review status, or a disposition ("disposition:7") of the site's own."""
    kind = "disposition" if name.startswith("disposition:") else "notable"
    content = {"label": label, "status_type": kind, "disabled": False}
    splunk.entities.add(Entity(f"{CONF}reviewstatuses", name, APP, "nobody", "global", content))
    splunk.lookups.files["reviewstatuses.csv"].append({"_key": name, "label": label})


def pairs(at: float, fields: Mapping[str, Any]) -> str:
    """An event as Splunk's own summaries are written: a time, and then names with values."""
    parts = [f"{at:.0f}"]
    for name, value in fields.items():
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'{name}="{escaped}"')
    return ", ".join(parts)


def add_notable(
    splunk: Splunkd,
    fields: Mapping[str, Any],
    at: float | None = None,
    indexed_at: float | None = None,
) -> str:
    """Make a notable event, and return its event_id."""
    time = splunk.now() if at is None else at
    source = str(fields.get("search_name", "Manual Notable Event - Rule"))
    raw = pairs(time, fields)
    origin = Origin("notable", "splunk-double", source, "stash")
    event = splunk.index_event(raw, time, origin, indexed_at=indexed_at)
    return event_id_of(event)


def event_id_of(event: Event) -> str:
    """What the macro says of an event."""
    given = event.extracted.get("event_id")
    digest = hashlib.md5((text_of(event.time) + event.raw).encode(), usedforsecurity=False)
    return str(given) if given else f"{GUID}@@{event.origin.index}@@{digest.hexdigest()}"
