"""The detection rule: the validator looks at its name only."""

from __future__ import annotations

from tests.packaging.elastic.parts import fields_in, fields_of, saved_objects, text_of, yaml_of

((PATH, SAVED),) = saved_objects("security_rule").items()
RULE = SAVED["attributes"]
SEVERITIES = {"low": 21, "medium": 47, "high": 73, "critical": 99}


def test_it_is_a_query_for_our_detections_and_starts_disabled() -> None:
    assert (RULE["type"], RULE["language"], RULE["enabled"]) == ("query", "kuery", False)
    assert RULE["index"] == ["logs-sftsec.detections-*"]
    assert RULE["query"] == "event.kind: alert and data_stream.dataset: sftsec.detections"
    assert "alert_suppression" not in RULE


def test_its_file_and_its_id_follow_from_its_rule_id_and_version() -> None:
    assert SAVED["id"] == f"{RULE['rule_id']}_{RULE['version']}"
    assert PATH.endswith(f"/{SAVED['id']}.json")


def test_severity_and_risk_are_the_detections_own() -> None:
    mapped = {each["severity"]: int(each["value"]) for each in RULE["severity_mapping"]}
    assert mapped == SEVERITIES
    assert {each["field"] for each in RULE["severity_mapping"]} == {"event.severity"}
    assert RULE["risk_score_mapping"] == [
        {"field": "event.risk_score", "operator": "equals", "value": ""}
    ]
    assert RULE["severity"] in SEVERITIES
    assert 0 <= RULE["risk_score"] <= 100


def test_the_pipeline_lets_through_the_severities_that_the_rule_maps() -> None:
    pipeline = text_of("data_stream/detections/elasticsearch/ingest_pipeline/default.yml")
    assert f"{sorted(SEVERITIES.values())}.contains(ctx.event?.severity)" in pipeline


def test_it_reads_by_when_a_detection_came_in_and_runs_overlap() -> None:
    assert RULE["timestamp_override"] == "event.ingested"
    looks_back, every = int(RULE["from"][4:-1]), int(RULE["interval"][:-1])
    assert RULE["from"].startswith("now-")
    assert {RULE["from"][-1], RULE["interval"][-1]} == {"m"}
    assert looks_back >= 2 * every


def test_every_field_that_it_names_is_in_the_data_stream() -> None:
    named = fields_in(RULE["query"])
    named |= {each["field"] for each in RULE["severity_mapping"] + RULE["risk_score_mapping"]}
    named |= {RULE["timestamp_override"], RULE["rule_name_override"]}
    fields = fields_of("detections")
    assert named <= set(fields)
    assert {
        each["name"]: each["type"] for each in RULE["required_fields"]
    } == {name: fields[name]["type"] for name in fields_in(RULE["query"])}  # fmt: skip


def test_who_enables_it_is_warned_of_the_other_rule() -> None:
    assert "External Alerts" in RULE["setup"]
    assert "External Alerts" in RULE["description"]
    assert "never both" in text_of("docs/README.md")


def test_kibana_shows_rules_only_when_it_is_told_of_security() -> None:
    assert yaml_of("manifest.yml")["conditions"]["elastic"]["capabilities"] == ["security"]
