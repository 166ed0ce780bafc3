"""A detection as a flat event with the names of the CIM and of risk-based alerting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sftsec_core.api.domain import detection_uid
from sftsec_core.sdk.portable import DetectionRecord, detection_event, detection_id

FIELDS = {
    "src_ip": "10.0.0.1", "host.name": "web-1", "recipient": ["ann", "bob"], "message": "grün",
    "url.full": "http://x.example", "process.command_line": "powershell -enc", "rule_id": "R1",
    "src_host": "", "severity": "low",
}  # fmt: skip


RECORD = DetectionRecord(
    "d1", "E1", "mail", "malicious", 0.85, 0.5, "f" * 64, "because", 1767600000.0, FIELDS
)


class TestDetectionEvent:
    def test_maps_the_source_event_to_cim_names(self) -> None:
        event = detection_event(RECORD)
        cim = {
            "src": "10.0.0.1", "dest": "web-1", "user": ["ann", "bob"], "url": "http://x.example",
            "process": "powershell -enc", "signature_id": "R1",
        }  # fmt: skip
        assert {name: event[name] for name in cim} == cim
        assert "src_user" not in event
        assert (event["risk_object"], event["risk_object_type"]) == (["ann", "bob"], "user")
        assert (event["risk_score"], event["risk_message"]) == (85, event["description"])

    def test_names_all_labels_not_ruled_out(self) -> None:
        either = replace(RECORD, labels=("malicious", "spam"))
        assert detection_event(either)["sftsec_labels"] == ["malicious", "spam"]
        assert detection_event(RECORD)["sftsec_labels"] == ["malicious"]

    def test_source_fields_replace_none_of_its_own(self) -> None:
        event = detection_event(RECORD)
        assert {name: event[f"orig_{name}"] for name in FIELDS} == FIELDS
        assert event["severity"] == "high"
        assert list(event)[-len(FIELDS) :] == [f"orig_{name}" for name in FIELDS]
        assert event["orig_time"] == 1767600000.0
        timed = detection_event(replace(RECORD, fields={"time": "forged"}))
        assert timed["orig_time"] == 1767600000.0
        assert "orig_time" not in detection_event(replace(RECORD, at=None, fields={}))

    @pytest.mark.parametrize(
        ("probability", "severity", "number"),
        [(0.03, "low", 2), (0.5, "medium", 3), (0.8, "high", 4), (0.999, "critical", 5)],
    )
    def test_severity_follows_the_probability(
        self, probability: float, severity: str, number: int
    ) -> None:
        event = detection_event(replace(RECORD, probability=probability))
        assert (event["severity"], event["severity_id"]) == (severity, number)
        assert event["description"] == f"mail: malicious, probability {probability:.3f}"

    @pytest.mark.parametrize(
        ("label", "technique"), [("T1059.001", "T1059.001"), ("T1", None), ("malicious", None)]
    )
    def test_a_label_may_be_an_attack_technique(self, label: str, technique: str | None) -> None:
        event = detection_event(replace(RECORD, label=label))
        assert event.get("mitre_technique_id") == technique
        assert event.get("annotations.mitre_attack") == technique

    def test_risk_is_of_what_a_finding_names(self) -> None:
        named = {"user": "ann", "risk_object": "web-1", "risk_object_type": "system"}
        event = detection_event(replace(RECORD, fields=named))
        assert (event["risk_object"], event["risk_object_type"]) == ("web-1", "system")
        untyped = detection_event(replace(RECORD, fields={**named, "risk_object_type": "boss"}))
        assert (untyped["risk_object"], untyped["risk_object_type"]) == ("ann", "user")

    def test_risk_is_of_no_redacted_name(self) -> None:
        fields = {"user": "<USER:0a1b2c3d>", "dest": "web-1"}
        assert detection_event(replace(RECORD, fields=fields))["risk_object"] == "web-1"
        several = {"user": ["<EMAIL:0a1b2c3d>@x.example", "ann"]}
        assert detection_event(replace(RECORD, fields=several))["risk_object"] == ["ann"]
        alone = detection_event(replace(RECORD, fields={"user": "<USER:0a1b2c3d>"}))
        assert "risk_object" not in alone
        assert alone["user"] == "<USER:0a1b2c3d>"

    def test_has_no_risk_without_an_entity(self) -> None:
        event = detection_event(replace(RECORD, fields={"message": "x"}))
        assert not [name for name in event if name.startswith("risk_")]


class TestDetectionId:
    def test_is_the_uid_of_the_cores_detections(self) -> None:
        assert detection_id("f" * 64, "E1", "a") == detection_uid("f" * 64, "E1", "a")
        assert detection_id("f" * 64, "E1", "a") != detection_id("f" * 64, "E2", "a")
        assert detection_id("f" * 64, "E1", "a") != detection_id("f" * 64, "E1", "b")
