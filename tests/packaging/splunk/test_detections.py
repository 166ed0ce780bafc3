"""Detections of the app's commands are the events that the connector writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, Explanation, detection_uid
from sftsec_core.sdk.portable import EventScore
from sftsec_splunk.mapping import event_of

pytestmark = pytest.mark.usefixtures("app_modules")
FIELDS: dict[str, Any] = {
    "src_ip": "10.0.0.1", "host.name": "web-1", "recipient": ["ann", "bob"], "message": "grün",
    "url.full": "http://x.example", "process.command_line": "powershell -enc", "rule_id": "R1",
}  # fmt: skip


class TestRowDetection:
    @pytest.mark.parametrize("fields", [FIELDS, {}, {"user": "carl", "dest": "db-1"}, {"src": "s"}])
    @pytest.mark.parametrize("label", ["malicious", "T1059.001", "T1"])
    @pytest.mark.parametrize("probability", [0.03, 0.5, 0.8, 0.999])
    def test_is_the_event_of_the_connector(
        self, fields: dict[str, Any], label: str, probability: float
    ) -> None:
        from sftsec_app.detections import row_detection

        digest, at = "d" * 64, datetime(2026, 1, 5, 8, tzinfo=UTC)
        uid = detection_uid(digest, "E1", "5d41")
        detection = Detection(
            uid,
            "E1",
            "mail",
            digest,
            label,
            probability,
            0.5,
            (),
            at,
            fields,
            Explanation(label, "benign", "exact", "because"),
        )
        result = EventScore(
            label, probability, True, 0.5, "because", "", digest, inputs_digest="5d41"
        )
        row = {**fields, "_time": str(at.timestamp())}
        ours, theirs = row_detection(result, "E1", "mail", row), event_of(detection)
        assert ours == theirs
        assert list(ours) == list(theirs)
