"""The page names an event and chooses its fields by the rules of the connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sftsec_core.sdk.portable import event_fields, incident_uid

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.servers.splunkd.web import SplunkWeb

pytestmark = pytest.mark.slow
FIELDS = [
    "status", "owner", "comment", "urgency", "disposition", "disposition_label", "verdict",
    "verdict_by", "reviewer", "review_time", "analyst", "analyst{}", "labels_by", "to{}", "labels",
    "alerts{}.title{}",
    "investigation_id", "notable_xref_name", "sftsec_label", "sftsec_\nx", "sensitivity",
    "linecount", "punct", "date_hour", "date_é", "tag", "tag::host", "eventtype", "info_min_time",
    "rule_id", "src", "message", "note", "create_time", "overdue", "restatus", "_time", "_raw",
]  # fmt: skip
NAMES: list[dict[str, Any]] = [
    {}, {"event_id": "A@@B"}, {"event_id": "4624"}, {"finding_id": "F"}, {"incident_uid": "I"},
    {"_bkt": "main~0", "_cd": "0:7"}, {"_bkt": "main~0"}, {"event_id": ["A@@B", "C"]},
    {"event_id": "4624", "finding_id": "F", "_bkt": "b", "_cd": "c"},
]  # fmt: skip
READ = """async ([url, rows]) => {
  const { eventFields, incidentUid } = await import(url);
  return rows.map((row) => [incidentUid(row), eventFields(row)]); }"""


class TestEventRules:
    def test_are_those_of_the_connector(self, web: SplunkWeb, page: Page) -> None:
        rows = [{**dict.fromkeys(FIELDS, "x"), **each} for each in NAMES]
        url = f"{web.url}/en-US/static/app/sftsec/labelling/event.js"
        found = page.evaluate(READ, [url, rows])
        assert found == [[incident_uid(row), event_fields(row)] for row in rows]
        assert len({len(fields) for _, fields in found}) > 1  # a finding hides more
