"""The detection rule: the validator looks at its name only."""

from __future__ import annotations

from sftsec_elastic.promotion import ALERTS_A_MINUTE, LOOKS_BACK_MINUTES
from tests.packaging.elastic.parts import fields_in, fields_of, saved_objects, text_of, yaml_of

((PATH, SAVED),) = saved_objects("security_rule").items()
RULE = SAVED["attributes"]
SEVERITIES = {"low": 21, "medium": 47, "high": 73, "critical": 99}


class TestRule:
    def test_queries_detections_and_starts_disabled(self) -> None:
        assert (RULE["type"], RULE["language"], RULE["enabled"]) == ("query", "kuery", False)
        assert RULE["index"] == ["logs-sftsec.detections-*"]
        assert RULE["query"] == "event.kind: alert and data_stream.dataset: sftsec.detections"
        assert "alert_suppression" not in RULE

    def test_is_named_by_id_and_version(self) -> None:
        assert SAVED["id"] == f"{RULE['rule_id']}_{RULE['version']}"
        assert PATH.endswith(f"/{SAVED['id']}.json")

    def test_reads_by_arrival_in_overlapping_runs(self) -> None:
        assert RULE["timestamp_override"] == "event.ingested"
        looks_back, every = int(RULE["from"][4:-1]), int(RULE["interval"][:-1])
        assert RULE["from"].startswith("now-")
        assert {RULE["from"][-1], RULE["interval"][-1]} == {"m"}
        assert looks_back >= 2 * every

    def test_takes_what_the_connector_counts_on(self) -> None:
        assert (RULE["from"], RULE["interval"]) == (f"now-{LOOKS_BACK_MINUTES}m", "1m")
        assert RULE["max_signals"] == ALERTS_A_MINUTE
        assert f"{ALERTS_A_MINUTE * LOOKS_BACK_MINUTES:,} detections" in text_of("docs/README.md")

    def test_names_only_fields_of_the_stream(self) -> None:
        named = fields_in(RULE["query"])
        named |= {each["field"] for each in RULE["severity_mapping"] + RULE["risk_score_mapping"]}
        named |= {RULE["timestamp_override"], RULE["rule_name_override"]}
        fields = fields_of("detections")
        assert named <= set(fields)
        assert {
            each["name"]: each["type"] for each in RULE["required_fields"]
        } == {name: fields[name]["type"] for name in fields_in(RULE["query"])}  # fmt: skip

    def test_warns_of_the_other_rule(self) -> None:
        assert "External Alerts" in RULE["setup"]
        assert "External Alerts" in RULE["description"]
        assert "never both" in text_of("docs/README.md")

    def test_is_shown_by_the_security_capability(self) -> None:
        assert yaml_of("manifest.yml")["conditions"]["elastic"]["capabilities"] == ["security"]


class TestSeverity:
    def test_and_risk_are_the_detections_own(self) -> None:
        mapped = {each["severity"]: int(each["value"]) for each in RULE["severity_mapping"]}
        assert mapped == SEVERITIES
        assert {each["field"] for each in RULE["severity_mapping"]} == {"event.severity"}
        assert RULE["risk_score_mapping"] == [
            {"field": "event.risk_score", "operator": "equals", "value": ""}
        ]
        assert RULE["severity"] in SEVERITIES
        assert 0 <= RULE["risk_score"] <= 100

    def test_that_is_mapped_passes_the_pipeline(self) -> None:
        pipeline = text_of("data_stream/detections/elasticsearch/ingest_pipeline/default.yml")
        assert f"{sorted(SEVERITIES.values())}.contains(ctx.event?.severity)" in pipeline
