"""A detection as a document in ECS, with the event's own fields where they hide none of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.testing.incidents import make_detections
from sftsec_search.detections import document_of, severity_of
from tests.core.explained import explained

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def document(**changes: Any) -> dict[str, Any]:
    made: Detection = replace(make_detections(1)[0], **changes)
    return document_of(made, namespace="default", now=NOW)


class TestSeverity:
    @pytest.mark.parametrize(
        ("probability", "severity"),
        [(0.0, 21), (0.49, 21), (0.5, 47), (0.79, 47), (0.8, 73), (0.94, 73), (0.95, 99), (1, 99)],
    )
    def test_follows_the_probability(self, probability: float, severity: int) -> None:
        assert severity_of(probability) == severity


class TestTechnique:
    def test_is_named_with_its_subtechnique(self) -> None:
        technique = {"id": ["T1566"], "subtechnique": {"id": ["T1566.002"]}}
        assert document(label="T1566.002")["threat"] == {
            "framework": "MITRE ATT&CK",
            "technique": technique,
        }
        assert document(label="T1566")["threat"]["technique"] == {"id": ["T1566"]}

    def test_is_of_wazuhs_rule_otherwise(self) -> None:
        kept = {"rule.mitre.id": '["T1110.001","T1021"]', "rule.level": "7"}
        made = document(fields=kept)
        assert made["threat"]["technique"] == {
            "id": ["T1110", "T1021"],
            "subtechnique": {"id": ["T1110.001"]},
        }
        assert made["rule"]["mitre"]["id"] == ["T1110.001", "T1021"]
        assert made["rule"]["level"] == 7
        assert document(fields=kept, label="T1566")["threat"]["technique"]["id"] == ["T1566"]

    @pytest.mark.parametrize("value", ["", "many", "[", '{"a": 1}', None])
    def test_of_another_form_is_left(self, value: str | None) -> None:
        made = document(fields={"rule.mitre.id": value, "rule.level": value})
        assert "threat" not in made
        assert made["rule"]["level"] == made["rule"]["mitre"]["id"] == value

    @pytest.mark.parametrize("label", ["malicious", "T156", "T1566.2", "T1566.002.1"])
    def test_is_no_other_label(self, label: str) -> None:
        assert "threat" not in document(label=label)


class TestName:
    def test_of_the_alert_has_no_probability(self) -> None:
        assert document(probability=0.71)["message"] == document(probability=0.99)["message"]

    def test_of_the_category_is_the_events_own(self) -> None:
        kept = document(fields={"event.category": '["process"]'})
        assert kept["event"]["category"] == ["process"]
        assert document(fields={})["event"]["category"] == ["intrusion_detection"]


class TestEventField:
    def test_stands_at_its_own_name(self) -> None:
        made = document(fields={"process.name": "x", "process.args": ["a"], "size": 7})
        assert made["process"] == {"name": "x", "args": ["a"]}
        assert made["size"] == 7

    def test_never_hides_one_of_ours(self) -> None:
        fields = {
            "event.kind": "event",
            "event.action": "login",
            "rule": "theirs",
            "message": "theirs",
            "message.text": "theirs",
            "@timestamp": "2020-01-01T00:00:00Z",
            "sftsec.label": "benign",
        }
        made = document(fields=fields)
        plain = document(fields={})
        assert made["event"] == plain["event"] | {"action": "login"}
        assert {name: made[name] for name in ("rule", "message", "@timestamp")} == {
            name: plain[name] for name in ("rule", "message", "@timestamp")
        }
        assert made["sftsec"]["label"] == "malicious"
        assert made["sftsec"]["source"]["fields"] == fields


class TestSource:
    def test_is_the_place_of_the_event(self) -> None:
        at = datetime(2026, 1, 5, 8, tzinfo=UTC)
        assert document(incident_uid="mail-000001/a/b", at=at, fields={})["sftsec"]["source"] == {
            "index": "mail-000001",
            "id": "a/b",
            "timestamp": "2026-01-05T08:00:00+00:00",
            "fields": {},
        }

    def test_is_unknown_of_other_connectors(self) -> None:
        made = document(incident_uid="incident-1", at=None, fields={})
        assert made["sftsec"]["source"] == {"fields": {}}
        assert made["sftsec"]["incident"] == {"uid": "incident-1"}


class TestExplanation:
    def test_is_there_when_one_was_given(self) -> None:
        made = document(explanation=explained("the word prize"))
        assert made["event"]["reason"] == made["sftsec"]["explanation"] == "the word prize"
        plain = document(explanation=None)
        assert "reason" not in plain["event"]
        assert not {"explanation", "contributions"} & plain["sftsec"].keys()

    def test_has_its_words_and_places(self) -> None:
        found = document(explanation=explained("the word prize"))["sftsec"]["contributions"]
        assert found == [
            {"input": "message", "words": "prize", "contribution": 1.5, "start": 4, "end": 9},
            {"input": "count", "words": "count: 3", "contribution": -0.25},
        ]


class TestLists:
    def test_are_lists_again(self) -> None:
        fields = {"host.name": '["srv-1"]', "user.name": "ann", "message": "[not json]"}
        found = document(fields={**fields, "tags.of": '[{"a":1}]', "process.title": "[x]"})
        assert found["host"]["name"] == ["srv-1"]
        assert found["user"]["name"] == "ann"
        assert found["process"]["title"] == "[x]"
        assert found["tags"]["of"] == '[{"a":1}]'
        assert found["sftsec"]["source"]["fields"]["host.name"] == '["srv-1"]'

    def test_are_none_of_kibanas_own(self) -> None:
        assert "kibana" not in document(fields={"kibana.alert.rule.name": "A rule"})
