"""A detection as an event that Splunk's own apps understand."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from sftsec_core.testing import make_detections
from tests.connectors.splunk.sites import Site
from tests.core.explained import explained

EXPECTED = {
    "app": "sftsec", "type": "alert", "severity": "critical", "severity_id": 5,
    "signature": "T1566.002", "src": "10.0.0.1", "user": "joe", "mitre_technique_id": "T1566.002",
    "risk_object": "joe", "risk_object_type": "user", "risk_score": 96,
    "sftsec_task": "made-up", "sftsec_probability": 0.96, "sftsec_threshold": 0.5,
    "sftsec_reason": "the word prize", "orig_time": 1767600000.25, "orig_subject": "hi",
    "orig_source.ip": "10.0.0.1",
}  # fmt: skip


class TestDetectionEvent:
    def test_has_names_of_the_information_model(self, site: Site) -> None:
        fields = {"user": "joe", "source.ip": "10.0.0.1", "subject": "hi", "to": ["a", "b"]}
        at = datetime(2026, 1, 5, 8, 0, 0, 250_000, UTC)
        detection = replace(
            make_detections(1)[0], label="T1566.002", probability=0.96, fields=fields, at=at,
            explanation=explained("the word prize"),
        )  # fmt: skip
        before = time.time()
        site.connect().push([detection])
        [event] = site.splunk.events("sftsec")
        assert (event.origin.sourcetype, event.origin.source) == ("sftsec:detection", "sftsec")
        assert before - 1 <= event.time <= time.time() + 1
        [made] = site.detections()
        assert {name: made.get(name) for name in EXPECTED} == EXPECTED
        assert made["detection_id"] == detection.uid
        assert made["incident_uid"] == detection.incident_uid
        assert made["sftsec_model"] == detection.model_digest
        rows = site.splunk.search("search index=sftsec | table orig_to{} annotations.mitre_attack")
        assert rows == [{"orig_to{}": ["a", "b"], "annotations.mitre_attack": "T1566.002"}]
