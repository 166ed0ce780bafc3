"""The alert actions of sendalert that leave events: risk and notable."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.es.content import add_notable, pairs
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.spl.rows import Row, texts

if TYPE_CHECKING:
    from tests.servers.splunkd.spl.context import SearchContext
    from tests.servers.splunkd.state import Splunkd

_TOKEN = re.compile(r"\$([\w.{}]+)\$")
_META = ("linecount", "splunk_server", "host", "source", "sourcetype", "index")


def _fields(row: Row) -> dict[str, str]:
    names = [name for name in row.names() if not name.startswith("_") and name not in _META]
    return {name: " ".join(texts(row.get(name))) for name in names}


def _filled(template: str, row: Row) -> str:
    """`$field$` is the row's field."""
    return _TOKEN.sub(lambda token: " ".join(texts(row.get(token[1]))), template)


def risk(splunk: Splunkd, given: dict[str, str], rows: list[Row], context: SearchContext) -> None:
    """An event in `index=risk` for each row and each object of risk."""
    for row in rows:
        for risk_object, kind, score in _objects(given, row):
            message = given.get("_risk_message", "")
            fields: dict[str, Any] = {
                **_fields(row),
                "search_name": given.get("search_name", "sendalert"),
                "risk_object": risk_object,
                "risk_object_type": kind,
                "risk_score": score,
                "risk_message": _filled(message, row) or "A risk was noted",
            }
            at = context.now
            origin = Origin("risk", "splunk-double", str(fields["search_name"]), "stash")
            splunk.index_event(pairs(at, fields), at, origin)


def _objects(given: dict[str, str], row: Row) -> list[tuple[str, str, str]]:
    """The objects, in the older shape (one, by a field's name) or the newer one (a list)."""
    listed = given.get("_risk")
    if listed:
        return [
            (value, str(each.get("risk_object_type", "other")), str(each.get("risk_score", 0)))
            for each in json.loads(listed)
            if "risk_object_field" in each
            for value in texts(row.get(str(each["risk_object_field"])))
        ]
    name = given.get("_risk_object", "risk_object")
    values = texts(row.get(name)) or ([name] if "_risk_object" in given else [])
    score = given.get("_risk_score", "1")
    return [(value, given.get("_risk_object_type", "other"), score) for value in values]


def notable(
    splunk: Splunkd, given: dict[str, str], rows: list[Row], context: SearchContext
) -> None:
    for row in rows:
        taken = {name: _filled(value, row) for name, value in given.items() if value}
        fields = {"search_name": "sendalert", **_fields(row), **taken}
        add_notable(splunk, fields, context.now)
