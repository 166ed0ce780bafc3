"""How a verdict is stored: its document, its key, and whether it is stored already."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.sdk.portable import (
    NewVerdict,
    document_key,
    event_json,
    is_same_verdict,
    offered_verdicts,
    queue_key,
    retracted_keys,
    retraction_document,
    standing_verdict,
    standing_verdicts,
    verdict_document,
)

NEW = NewVerdict("malicious", "ann", "sandbox", "search", 100.0)


ROW = {
    "event_id": "A@@B", "src": "10.0.0.1", "owner": "carl", "orig_time": "5", "detection_id": "d1",
    "sftsec_task": "mail", "message": "見積",
}  # fmt: skip


def stored(key: str, verdict: str, at: float, **more: Any) -> dict[str, Any]:
    given = {"_key": key, "incident_uid": "A@@B", "verdict": verdict, "analyst": "ann"}
    return {**given, "time": at, "reason": "", **more}


class TestVerdictDocument:
    def test_holds_verdict_and_event_without_review(self) -> None:
        document = verdict_document("k", "A@@B", NEW, ROW)
        assert json.loads(document.pop("event")) == {
            "src": "10.0.0.1", "orig_time": "5", "message": "見積",
        }  # fmt: skip
        assert document == {
            "_key": "k", "incident_uid": "A@@B", "verdict": "malicious", "analyst": "ann",
            "time": 100.0, "reason": "sandbox", "automated": False, "retracts": "",
            "source": "search", "detection_id": "d1", "task": "mail", "event_time": 5.0,
        }  # fmt: skip

    def test_without_an_event_has_no_fields(self) -> None:
        document = verdict_document("k", "I1", replace(NEW, task="mail"), {})
        assert (document["event"], document["task"]) == ("", "mail")
        assert "event_time" not in document

    def test_event_json_is_equal_for_equal_fields(self) -> None:
        assert event_json({"b": "1", "a": "2"}) == event_json({"a": "2", "b": "1"})


class TestKeys:
    def test_are_40_digits_of_every_part(self) -> None:
        keys = {document_key("u", "v", "a", 0), document_key("u", "v", "a", 1), document_key("uv")}
        assert len(keys) == 3
        assert all(len(key) == 40 and int(key, 16) >= 0 for key in keys)
        assert document_key("u", None) == document_key("u", None)

    def test_queue_key_is_the_uids_sha256(self) -> None:
        assert queue_key("E1") == "22249aa61fd2594e50910aa574afbb977f9df8f7"
        assert len(queue_key("\ud800")) == 40


class TestStandingVerdict:
    def test_is_the_newest_of_the_analyst(self) -> None:
        other = stored("c", "benign", 9, analyst="bob")
        documents = [stored("a", "benign", 1), stored("b", "malicious", 2), other]
        assert standing_verdict(documents, "ann") == documents[1]
        assert standing_verdict(documents, "carl") is None

    def test_skips_retracted_verdicts_and_retractions(self) -> None:
        undo = stored("u", "", 3, retracts="b")
        documents = [stored("a", "benign", 1), stored("b", "malicious", 2), undo]
        assert standing_verdict(documents, "ann") == documents[0]
        assert retracted_keys(documents) == {"b"}

    def test_each_one_counts_until_retracted(self) -> None:
        documents = [stored("b", "malicious", 2), stored("a", "benign", 1)]
        assert standing_verdicts(documents, "ann") == documents[::-1]
        undo = [retraction_document(each, NEW) for each in documents]
        assert standing_verdicts([*documents, *undo], "ann") == []

    @pytest.mark.parametrize(
        ("verdict", "reason", "same"),
        [("malicious", "sandbox", True), ("malicious", None, False), ("benign", "sandbox", False)],
    )
    def test_repeat_has_equal_value_and_reason(
        self, verdict: str, reason: str | None, same: bool
    ) -> None:
        assert is_same_verdict({"verdict": verdict, "reason": reason}, NEW) == same


class TestRetraction:
    def test_names_its_verdict_and_has_none(self) -> None:
        given = verdict_document("k", "A@@B", NEW, ROW)
        document = retraction_document(
            given, replace(NEW, verdict="", reason="wrong row", at=200.0)
        )
        key = document.pop("_key")
        assert document == {
            "incident_uid": "A@@B", "verdict": "", "analyst": "ann", "time": 200.0,
            "reason": "wrong row", "automated": False, "retracts": "k", "source": "search",
            "event": "", "detection_id": "d1", "task": "mail",
        }  # fmt: skip
        assert key == retraction_document(given, replace(NEW, at=300.0))["_key"]
        assert key != retraction_document({**given, "_key": "other"}, NEW)["_key"]


class TestVerdictValues:
    def test_are_separated_by_commas(self) -> None:
        assert offered_verdicts(" malicious, benign ,,x") == ["malicious", "benign", "x"]
        assert offered_verdicts("") == []
