"""`submit verdict` against splunkd: each verdict once, nothing changed, why it was not saved."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from sftsec_splunk.verdicts import logged_verdicts
from tests.packaging.soar.bench import Bench, ok, refused
from tests.packaging.soar.judged import UID, documents
from tests.packaging.splunk.bench import Bench as SearchHead
from tests.servers.splunkd.state import Splunkd

EVENT = {
    "event_id": UID, "src": "10.0.0.1", "to": ["ann", "bob"], "owner": "carl", "urgency": "high",
    "orig_time": "1767600000.5", "detection_id": "d1", "sftsec_task": "mail", "message": "見積",
}  # fmt: skip
FIELDS = json.dumps(EVENT)


def retract(splunk: Splunkd, key: str, analyst: str = "ann") -> None:
    """What Undo on the labelling page adds."""
    caller = SearchHead(splunk, Path(), Path()).caller()
    document = {
        "_key": f"undo{key}", "incident_uid": UID, "verdict": "", "analyst": analyst,
        "time": time.time(), "retracts": key, "source": "page",
    }  # fmt: skip
    path = "/servicesNS/nobody/sftsec/storage/collections/data/sftsec_verdicts"
    status, answer = caller.call("POST", path, document=document)
    assert status in {200, 201}, answer


class TestPlaybook:
    def test_its_verdict_is_an_automated_document(self, judging: Bench, splunk: Splunkd) -> None:
        before = time.time()
        run = judging.run("submit_verdict", verdict="malicious", reason=" sandbox ", fields=FIELDS)
        (told,) = ok(run)
        assert run.message == f"malicious on {UID}: saved"
        (found,) = documents(splunk)
        assert before <= found.pop("time") <= time.time()
        assert json.loads(found.pop("event")) == {
            "src": "10.0.0.1", "to": ["ann", "bob"], "orig_time": "1767600000.5", "message": "見積",
        }  # fmt: skip
        assert found.pop("_key") == told["key"]
        found.pop("_user")
        assert found == {
            "incident_uid": UID, "verdict": "malicious", "analyst": "soar", "reason": "sandbox",
            "automated": True, "retracts": "", "source": "soar", "event_time": 1767600000.5,
            "detection_id": "d1", "task": "mail",
        }  # fmt: skip
        assert len(told["key"]) == 40
        assert set(told["key"]) <= set("0123456789abcdef")

    def test_a_second_run_writes_nothing(self, judging: Bench, splunk: Splunkd) -> None:
        runs = [judging.run("submit_verdict", verdict="benign", fields=FIELDS) for _ in range(3)]
        states = [each["state"] for run in runs for each in ok(run)]
        assert states == ["saved", "already saved", "already saved"]
        assert len({each["key"] for run in runs for each in run.data}) == 1
        (found,) = documents(splunk)
        assert found["verdict"] == "benign"

    def test_empty_parameters_may_be_missing(self, judging: Bench, splunk: Splunkd) -> None:
        names = ("analyst", "reason", "task", "incident_uid")
        nothing: dict[str, str | None] = dict.fromkeys(names)
        ok(judging.run("submit_verdict", verdict="benign", fields=FIELDS, **nothing))
        (found,) = documents(splunk)
        assert (found["analyst"], found["reason"], found["task"]) == ("soar", "", "mail")
        bare: dict[str, str | None] = {"fields": None, "reason": None}
        ok(judging.run("submit_verdict", verdict="benign", incident_uid="E2", **bare))
        ok(judging.run("get_report", task=None))

    def test_a_lost_answer_leaves_one_document(self, judging: Bench, splunk: Splunkd) -> None:
        splunk.faults.lost_after = "sftsec_verdicts"
        message = refused(judging.run("submit_verdict", verdict="benign", fields=FIELDS))
        assert "Splunk at" in message
        (told,) = ok(judging.run("submit_verdict", verdict="benign", fields=FIELDS))
        assert told["state"] == "already saved"
        assert len(documents(splunk)) == 1

    def test_two_at_once_write_one_document(self, judging: Bench, splunk: Splunkd) -> None:
        """As if the other run wrote between this one's look and its write."""
        (first,) = ok(judging.run("submit_verdict", verdict="benign", fields=FIELDS))
        (kept,) = documents(splunk)
        caller = SearchHead(splunk, Path(), Path()).caller()
        path = f"/servicesNS/nobody/sftsec/storage/collections/data/sftsec_verdicts/{first['key']}"
        # Hidden from the look by another name for its analyst; its key is taken all the same.
        status, _ = caller.call("POST", path, document={**kept, "analyst": "somebody"})
        assert status == 200
        (told,) = ok(judging.run("submit_verdict", verdict="benign", fields=FIELDS))
        assert told == first | {"state": "already saved"}
        assert [each["analyst"] for each in documents(splunk)] == ["somebody"]

    def test_the_connector_reads_its_verdict(self, judging: Bench, splunk: Splunkd) -> None:
        ok(judging.run("submit_verdict", verdict="malicious", fields=FIELDS, reason="sandbox"))
        (found,), _ = logged_verdicts(documents(splunk))
        (verdict,) = found.verdicts
        assert (found.uid, verdict.value, verdict.analyst) == (UID, "malicious", "soar")
        assert (verdict.automated, verdict.reason) == (True, "sandbox")
        assert found.fields is not None
        assert found.fields["message"] == "見積"
        # Another verdict that brings no event hides none.
        ok(judging.run("submit_verdict", verdict="benign", incident_uid=UID, analyst="ann"))
        (again,), _ = logged_verdicts(documents(splunk))
        assert again.fields == found.fields


class TestAnalyst:
    def test_a_name_makes_it_a_persons_verdict(self, judging: Bench, splunk: Splunkd) -> None:
        (told,) = ok(
            judging.run("submit_verdict", verdict="malicious", incident_uid=" E1 ", analyst="ann")
        )
        assert (told["incident_uid"], told["analyst"], told["automated"]) == ("E1", "ann", False)
        (found,) = documents(splunk)
        assert (found["analyst"], found["automated"], found["event"]) == ("ann", False, "")
        assert "event_time" not in found

    def test_a_verdict_of_a_search_is_known(
        self, judging: Bench, splunk: Splunkd, app_folder: Path, tmp_path: Path
    ) -> None:
        head = SearchHead.make(splunk, app_folder, tmp_path / "splunk")
        rows = [[{"event_id": UID, "src": "10.0.0.1"}]]
        run = head.run("sftseclabel", rows, "label=malicious", 'reason="seen"', user="ann")
        assert run.records[0]["sftsec_status"] == "saved"
        said = {"verdict": "malicious", "reason": "seen", "fields": FIELDS, "analyst": "ann"}
        (told,) = ok(judging.run("submit_verdict", **said))
        assert told["state"] == "already saved"
        (found,) = documents(splunk)
        assert (found["source"], found["_key"]) == ("search", told["key"])

    def test_each_change_is_a_document(self, judging: Bench, splunk: Splunkd) -> None:
        for verdict in ("malicious", "benign", "malicious"):
            (told,) = ok(
                judging.run("submit_verdict", verdict=verdict, incident_uid=UID, analyst="ann")
            )
            assert told["state"] == "saved"
        assert [each["verdict"] for each in documents(splunk)] == [
            "malicious",
            "benign",
            "malicious",
        ]
        (judged,), _ = logged_verdicts(documents(splunk))
        assert [each.value for each in judged.verdicts] == ["malicious", "benign", "malicious"]

    def test_a_retraction_binds_the_playbook(self, judging: Bench, splunk: Splunkd) -> None:
        (first,) = ok(judging.run("submit_verdict", verdict="malicious", incident_uid=UID))
        retract(splunk, first["key"])
        message = refused(judging.run("submit_verdict", verdict="malicious", incident_uid=UID))
        assert "an analyst retracted the playbook's verdict 'malicious'" in message
        assert len(documents(splunk)) == 2
        (told,) = ok(
            judging.run("submit_verdict", verdict="malicious", incident_uid=UID, analyst="ann")
        )
        assert told["state"] == "saved"

    def test_may_give_a_retracted_verdict_again(self, judging: Bench, splunk: Splunkd) -> None:
        said = {"verdict": "malicious", "incident_uid": UID, "analyst": "ann"}
        (first,) = ok(judging.run("submit_verdict", **said))
        retract(splunk, first["key"])
        (again,) = ok(judging.run("submit_verdict", **said))
        assert again["state"] == "saved"
        assert again["key"] != first["key"]


class TestErrors:
    @pytest.mark.parametrize(
        ("params", "said"),
        [
            (
                {"verdict": "evil", "incident_uid": UID},
                "'evil' is none of the verdicts: malicious, ",
            ),
            ({"verdict": "benign"}, "has no lasting name: give incident_uid"),
            ({"verdict": "benign", "fields": '{"event_id": 4624}'}, "has no lasting name"),
            ({"verdict": "benign", "fields": "{"}, "fields must be a JSON object"),
            ({"verdict": "benign", "incident_uid": UID, "reason": "x" * 2001}, "2000 characters"),
            (
                {"verdict": "benign", "incident_uid": UID, "analyst": "soar"},
                "give a person's name",
            ),
        ],
    )
    def test_a_wrong_call_is_one_line(
        self, judging: Bench, splunk: Splunkd, params: dict[str, str], said: str
    ) -> None:
        assert said in refused(judging.run("submit_verdict", **params))
        assert documents(splunk) == []
