"""The monitor and the retention policy: what their queries find, and which names they hold."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.connectors.search.sites import Site
from tests.packaging.opensearch.parts import json_of

MONITOR = json_of("monitor.json")


def run(site: Site, end_ms: int) -> Any:
    """What the monitor's query finds in a run that ends at a time."""
    [given] = MONITOR["inputs"]
    assert given["search"]["indices"] == ["logs-sftsec.detections-*"]
    text = json.dumps(given["search"]["query"]).replace("{{period_end}}", str(end_ms))
    assert "{{" not in text
    return site.call("POST", f"/{site.stream}/_search", json.loads(text))


class TestMonitor:
    def test_finds_new_detections_alone(self, site: Site) -> None:
        raised = site.documents(site.stream)
        newest = max(datetime.fromisoformat(h["_source"]["event"]["ingested"]) for h in raised)
        now = int(newest.timestamp() * 1000) + 1
        answer = run(site, now)
        assert answer["hits"]["total"]["value"] == len(raised) == 3
        [task] = answer["aggregations"]["tasks"]["buckets"]
        assert (task["key"], task["doc_count"]) == ("made-up", 3)
        assert run(site, now + 3_600_000)["hits"]["total"]["value"] == 0

    def test_leaves_no_time_between_runs(self) -> None:
        period = MONITOR["schedule"]["period"]
        assert period == {"interval": 5, "unit": "MINUTES"}
        assert '"{{period_end}}||-6m"' in json.dumps(MONITOR)

    def test_alerts_on_any_hit(self) -> None:
        [trigger] = MONITOR["triggers"]
        script = trigger["query_level_trigger"]["condition"]["script"]
        assert script["source"] == "ctx.results[0].hits.total.value > 0"
        assert MONITOR["inputs"][0]["search"]["query"]["track_total_hits"] is True


class TestRetentionPolicy:
    def test_is_of_detections_and_states_exist(self) -> None:
        policy = json_of("retention.json")["policy"]
        assert [each["index_patterns"] for each in policy["ism_template"]] == [
            ["logs-sftsec.detections-*"]
        ]
        states = {state["name"] for state in policy["states"]}
        reached = {t["state_name"] for state in policy["states"] for t in state["transitions"]}
        assert {policy["default_state"], *reached} == states
