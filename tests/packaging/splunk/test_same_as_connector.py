"""What the app's pure Python computes is what sftsec's connector for Splunk computes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.api.domain import Detection, detection_uid
from sftsec_core.packages.sources import source_folder
from sftsec_splunk import rows as connector_rows
from sftsec_splunk.mapping import event_of

BIN = str(source_folder("splunk_app") / "bin")
FIELDS: dict[str, Any] = {
    "src_ip": "10.0.0.1", "host.name": "web-1", "recipient": ["ann", "bob"], "message": "grün",
    "url.full": "http://x.example", "process.command_line": "powershell -enc", "rule_id": "R1",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _path() -> Iterator[None]:
    sys.path.insert(0, BIN)
    yield
    sys.path.remove(BIN)


@pytest.mark.parametrize("fields", [FIELDS, {}, {"user": "carl", "dest": "db-1"}, {"src": "s"}])
@pytest.mark.parametrize("label", ["malicious", "T1059.001", "T1"])
@pytest.mark.parametrize("share", [0.03, 0.5, 0.8, 0.999])
def test_a_detection_is_the_same_event(fields: dict[str, Any], label: str, share: float) -> None:
    from sftsec_app.detections import detection_event
    from sftsec_app.service import Result

    digest = "d" * 64
    uid = detection_uid(digest, "E1")
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    theirs = event_of(
        Detection(uid, "E1", "mail", digest, label, share, 0.5, (), at, fields, "because")
    )
    result = Result(label, share, True, "because", "", digest, 0.5)
    ours = detection_event(result, "E1", "mail", fields, at.timestamp())
    assert ours == theirs
    assert list(ours) == list(theirs)


NAMES = [
    "status", "status_label", "owner", "owner_realname", "comment", "urgency", "disposition",
    "disposition_label", "verdict", "verdicts", "verdict_by", "reviewer", "review_time", "analyst",
    "label_by", "labels_by", "investigation_id", "notable_xref_name", "sftsec_label", "sensitivity",
    "linecount", "punct", "date_hour", "tag", "tag::host", "eventtype", "info_min_time", "rule_id",
    "detection_id", "incident_uid", "event_id", "finding_id", "src", "message", "note", "notes",
    "create_time", "splunk_server_group", "labels", "view", "overdue", "restatus", "_time",
]  # fmt: skip


@given(st.one_of(st.sampled_from(NAMES), st.text("abdeilnoprstuvw_", max_size=12)))
def test_the_same_fields_hold_what_analysts_said(name: str) -> None:
    from sftsec_app.fields import event_fields, is_private

    assert is_private(name) == connector_rows.is_private(name)
    reviewed = connector_rows.is_private(name) or bool(connector_rows.REVIEWED.fullmatch(name))
    assert is_private(name, reviewed=True) == (reviewed or name == "_raw")
    if name and name != "_raw" and not name.endswith("_id"):
        noise = connector_rows._NOISE.fullmatch(name)  # the rule itself, not a copy of it
        shown = not (name.startswith("_") or noise or connector_rows.is_private(name))
        assert (name in event_fields({name: "x"})) == shown


def test_an_event_has_the_same_name_in_the_macro_and_in_the_connector() -> None:
    from sftsec_splunk.spl import UID

    text = (source_folder("splunk_app") / "default" / "macros.conf").read_text()
    macro = re.search(r"\[sftsec_uid\]\ndefinition = eval incident_uid=(.*)", text)
    assert macro is not None
    assert macro[1] == UID
