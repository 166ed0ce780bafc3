"""How a Splunk event is named, and which of its fields a model may see."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.sdk.portable import (
    IDENTITY_FIELDS,
    event_fields,
    event_time,
    finding_name,
    first,
    incident_uid,
    is_metadata,
    is_private,
)

PRIVATE = [
    "disposition", "disposition_label", "verdict", "verdicts", "verdict_by", "reviewer",
    "reviewed_by", "review_time", "analyst", "label_by", "labels_by", "investigation_id",
    "notable_xref_name", "sftsec_label", "sftsec_\n",
]  # fmt: skip


OF_A_REVIEW = [
    "status", "status_label", "owner", "owner_realname", "comment", "comments", "urgency", "note",
    "notes", "assignee", "assignee_id", "closed_by", "count_findings", "create_time", "update_time",
    "consolidated_findings.a", "sensitivity", "_raw",
]  # fmt: skip


METADATA = [
    "linecount", "splunk_server", "splunk_server_group", "punct", "timestartpos", "timeendpos",
    "date_hour", "eventtype", "tag", "tag::host", "info_min_time", "detection_id", "incident_uid",
]  # fmt: skip


OPEN = ["src", "message", "labels", "view", "overdue", "restatus", "statuscode", "previewer"]


VALUES = st.sampled_from(["4624", "A@@notable@@B", "7", "x", ""])


ROWS = st.dictionaries(
    st.one_of(
        st.sampled_from([*PRIVATE, *OF_A_REVIEW, *METADATA, *OPEN, *IDENTITY_FIELDS, "to{}"]),
        st.text("abdeilnoprstuvw_{}", min_size=1, max_size=12),
    ),
    st.one_of(VALUES, st.lists(VALUES, min_size=1, max_size=2)),
)


class TestIsPrivate:
    @pytest.mark.parametrize("name", PRIVATE)
    def test_verdicts_and_scores_always_are(self, name: str) -> None:
        assert is_private(name)
        assert is_private(name, finding=True)

    @pytest.mark.parametrize("name", OF_A_REVIEW)
    def test_review_fields_are_in_a_finding_alone(self, name: str) -> None:
        assert not is_private(name)
        assert is_private(name, finding=True)

    @pytest.mark.parametrize("name", [*OPEN, *METADATA])
    def test_other_fields_never_are(self, name: str) -> None:
        assert not is_private(name)
        assert not is_private(name, finding=True)


class TestIsMetadata:
    def test_knows_the_fields_that_splunk_adds(self) -> None:
        assert all(map(is_metadata, METADATA))
        assert not any(map(is_metadata, [*OPEN, *PRIVATE, "date_é", "tags"]))


class TestIncidentUid:
    @pytest.mark.parametrize(
        ("row", "uid"),
        [
            ({"incident_uid": "I1", "event_id": "A@@B"}, "I1"),
            ({"incident_uid": ["I1", "I2"]}, "I1"),
            ({"event_id": "A@@B", "finding_id": "F"}, "A@@B"),
            ({"event_id": "4624", "finding_id": "F"}, "F"),
            ({"event_id": "4624", "_bkt": "main~0", "_cd": "0:7"}, "main~0@@0:7"),
            ({"event_id": "4624", "_bkt": "main~0"}, ""),
            ({}, ""),
        ],
    )
    def test_takes_the_first_lasting_name(self, row: dict[str, Any], uid: str) -> None:
        assert incident_uid(row) == uid

    @pytest.mark.parametrize(
        ("row", "name"),
        [({"event_id": "A@@B"}, "A@@B"), ({"event_id": "4624"}, ""), ({"finding_id": "F"}, "F")],
    )
    def test_event_id_of_a_log_is_none(self, row: dict[str, Any], name: str) -> None:
        assert finding_name(row) == name


class TestEventFields:
    def test_keeps_the_fields_of_a_log_event(self) -> None:
        kept = {"src": "10.0.0.1", "status": "404", "owner": "www", "event_id": "4624", "_raw": "x"}
        hidden = {"_time": "1", "punct": "..", "verdict": "benign", "sftsec_label": "x"}
        assert event_fields({**kept, **hidden}) == kept

    def test_drops_the_review_of_a_finding(self) -> None:
        row = {"event_id": "A@@B", "rule_id": "R", "status": "5", "_raw": "x", "src": "10.0.0.1"}
        assert event_fields(row) == {"src": "10.0.0.1"}

    def test_reads_array_fields_by_their_plain_name(self) -> None:
        row = {"to{}": ["ann", "bob"], "analyst{}": ["ann"], "labels_by{}": ["bob"]}
        assert event_fields(row) == {"to": ["ann", "bob"]}

    @given(ROWS)
    def test_never_shows_a_private_field(self, row: dict[str, str | list[str]]) -> None:
        shown = event_fields(row)
        assert not any(is_private(name, finding=bool(finding_name(row))) for name in shown)
        assert not any(map(is_metadata, shown))
        assert event_fields({**row, "src": "10.0.0.1"})["src"] == "10.0.0.1"


class TestEventTime:
    @pytest.mark.parametrize(
        ("row", "at"),
        [
            ({"orig_time": "5.5", "_time": "9"}, 5.5),
            ({"orig_time": "nan", "_time": "9"}, 9.0),
            ({"orig_time": "inf"}, None),
            ({"_time": "2026-01-05T08:00:00Z"}, None),
            ({}, None),
        ],
    )
    def test_is_a_finite_number_of_seconds(self, row: dict[str, Any], at: float | None) -> None:
        assert event_time(row) == at

    @pytest.mark.parametrize("digits", ["000", "000000", "000000000"])
    def test_is_seconds_whatever_its_unit(self, digits: str) -> None:
        assert event_time({"_time": f"1767600000{digits}"}) == 1767600000.0


class TestFirst:
    @pytest.mark.parametrize(
        ("value", "text"), [("a", "a"), (["a", "b"], "a"), ([], ""), (None, ""), (7, "")]
    )
    def test_is_the_first_text(self, value: object, text: str) -> None:
        assert first({"name": value}, "name") == text
        assert first({}, "name") == ""
