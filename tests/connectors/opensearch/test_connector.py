"""Alerts that wait for a verdict stand in an index of ours; when Wazuh's alerts arrived."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import LabelRequest, Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing import make_label_requests
from tests.connectors.opensearch import wazuh
from tests.connectors.search.engines import events
from tests.connectors.search.sites import Site

CONNECTORS = Path(__file__).parents[3] / "connectors"
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


class TestLabelRequest:
    def test_before_setup_names_what_to_run(self, site: Site) -> None:
        """A write would make the index with other mappings than ours."""
        connector = site.connect("mail-*", setup=False)
        with pytest.raises(ConnectorError, match="run `sftsec connector setup`") as error:
            connector.request_labels(make_label_requests(["mail-1/a"]))
        assert "\n" not in str(error.value)
        assert site.server.call("GET", f"/requests-{site.token}")[0] == 404

    def test_waits_until_the_alert_is_judged(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(3, label=None))
        connector = site.connect(index)
        uids = [f"{index}/{name}" for name in events(3)]
        assert connector.request_labels(make_label_requests(uids[:2])) == 2
        assert connector.request_labels(make_label_requests(uids)) == 1, "two wait already"
        connector.add_verdicts([(uids[0], Verdict("spam", "ann"))])
        waiting = site.documents(f"requests-{site.token}")
        assert sorted(hit["_source"]["alert"]["id"] for hit in waiting) == [
            "event-000001",
            "event-000002",
        ]
        assert connector.request_labels(make_label_requests(uids)) == 0, "one is judged, two wait"

    def test_shows_event_probability_and_reason(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(1, label=None))
        name = site.name("requests")
        connector = site.connect(index, requests_index=name)
        fields = {"full_log": "curl -s http://203.0.113.9", "rule.mitre.id": ["T1105"], "x": None}
        uid = f"{index}/event-000000"
        asked = LabelRequest(uid, "shell", "malicious", 0.48, "the model is not sure", AT, fields)
        assert connector.request_labels([asked]) == 1
        [hit] = site.documents(name)
        shown = hit["_source"]
        assert shown["message"] == 'full_log: curl -s http://203.0.113.9\nrule.mitre.id: ["T1105"]'
        assert shown["sftsec"] == {
            "task": "shell",
            "label": "malicious",
            "prediction_probability": 0.48,
            "reason": "the model is not sure",
            "source": {"fields": fields, "timestamp": "2026-01-05T08:00:00+00:00"},
        }
        query = {"query": {"match": {"message": "curl"}}}
        found = site.call("POST", f"/{name}/_search", query)["hits"]["total"]
        assert found["value"] == 1

    def test_index_of_an_older_version_is_completed(self, site: Site) -> None:
        index, name = site.name("mail"), site.name("requests")
        site.make_index(index)
        keyword = {"type": "keyword"}
        alert = {"properties": {"index": keyword, "id": keyword}}
        stamp = {"type": "keyword"}  # mapped otherwise by another tool: it stays
        site.make_index(
            name, {"dynamic": False, "properties": {"@timestamp": stamp, "alert": alert}}
        )
        connector = site.connect(index, setup=False, requests_index=name)
        lacks = f"the index {name} lacks message, sftsec: run `sftsec connector setup`"
        assert lacks in connector.check()
        assert f"added message, sftsec to the index {name}" in connector.setup()
        assert lacks not in connector.check()
        assert not [line for line in connector.setup() if name in line]


class TestArrivalOfWazuhsAlerts:
    def test_is_mapped_beside_wazuhs_template(self, site: Site) -> None:
        """What the connector's page says, with the site's own names."""
        page = (CONNECTORS / "sftsec_opensearch" / "README.md").read_text(encoding="utf-8")
        [said] = re.findall(r"PUT _template/wazuh-arrival\n(.*?)```", page, re.DOTALL)
        name = site.name("wazuh-alerts-4.x")
        ours = json.loads(said.replace("wazuh-alerts-4.x", name))
        wazuhs = {"order": 0, "index_patterns": [f"{name}-*"], "mappings": wazuh.MAPPINGS}
        try:
            site.call("PUT", f"/_template/{name}", wazuhs)
            site.call("PUT", f"/_template/{name}-arrival", ours)
            alert = {**wazuh.fim(1, AT), "event": {"ingested": "2026-01-05T08:01:00Z"}}
            site.plant(f"{name}-2026.01.05", {"a": alert})
        finally:
            site.server.call("DELETE", f"/_template/{name}*")
        [reading] = site.connect(
            sources=[{"index": f"{name}-*", "timestamp": "timestamp"}], setup=False
        ).describe_reading()
        assert "is read by event.ingested" in reading
        caps = site.call("GET", f"/{name}-2026.01.05/_field_caps?fields=full_log,syscheck.path")
        assert list(caps["fields"]["full_log"]) == ["text"]
        assert list(caps["fields"]["syscheck.path"]) == ["keyword"]
