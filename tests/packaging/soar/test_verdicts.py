"""`submit verdict` against splunkd: each verdict once, nothing changed, why it was not saved."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sftsec_splunk.verdicts import logged_verdicts
from tests.packaging.soar.bench import Bench, ok, refused
from tests.packaging.splunk.bench import Bench as SearchHead
from tests.packaging.splunk.scored import closed_port
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

UID = "AB12@@notable@@f9c5"
EVENT = {
    "event_id": UID, "src": "10.0.0.1", "to": ["ann", "bob"], "owner": "carl", "urgency": "high",
    "orig_time": "1767600000.5", "detection_id": "d1", "sftsec_task": "mail", "message": "見積",
}  # fmt: skip
FIELDS = json.dumps(EVENT)


def documents(splunk: Splunkd) -> list[dict[str, Any]]:
    return sorted(splunk.kv("sftsec", "sftsec_verdicts"), key=lambda each: float(each["time"]))


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
        (found,) = logged_verdicts(documents(splunk))
        (verdict,) = found.verdicts
        assert (found.uid, verdict.value, verdict.analyst) == (UID, "malicious", "soar")
        assert (verdict.automated, verdict.reason) == (True, "sandbox")
        assert found.fields is not None
        assert found.fields["message"] == "見積"
        # Another verdict that brings no event hides none.
        ok(judging.run("submit_verdict", verdict="benign", incident_uid=UID, analyst="ann"))
        (again,) = logged_verdicts(documents(splunk))
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
        (judged,) = logged_verdicts(documents(splunk))
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
    def test_connectivity_checks_splunk(self, judging: Bench) -> None:
        run = judging.run("test_connectivity")
        assert run.ok, run.message
        assert "Splunk takes the verdicts malicious, benign, undetermined." in run.output

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

    @pytest.mark.parametrize("action", ["submit_verdict", "test_connectivity"])
    def test_the_token_needs_the_role(self, judging: Bench, splunk: Splunkd, action: str) -> None:
        splunk.add_user("bob", "changed!", ["user"])
        params = {} if action == "test_connectivity" else {"verdict": "benign", "incident_uid": UID}
        token = {"splunk_token": splunk.bearer_token("bob")}
        assert "give it the role sftsec_analyst" in refused(judging.run(action, token, **params))
        wrong = {"splunk_token": "not-a-token-of-this-splunk"}
        message = refused(judging.run(action, wrong, **params))
        assert "splunkd answered 401: the token is refused: check the asset" in message
        assert documents(splunk) == []

    def test_an_asset_without_splunk_names_settings(self, bench: Bench) -> None:
        message = refused(bench.run("submit_verdict", verdict="benign", incident_uid=UID))
        assert "the asset names no Splunk: set splunk_url and splunk_token" in message

    @pytest.mark.parametrize(
        ("setting", "value", "said"),
        [
            ("splunk_token", None, "the token of Splunk is missing"),
            (
                "splunk_url",
                "http://127.0.0.1:8089",
                "the address of Splunk must be https://host:port",
            ),
            ("splunk_ca", None, "is not trusted"),
        ],
    )
    def test_an_untrusted_splunk_is_named(
        self, judging: Bench, setting: str, value: str | None, said: str
    ) -> None:
        run = judging.run("submit_verdict", {setting: value}, verdict="benign", incident_uid=UID)
        assert said in refused(run)

    def test_an_absent_splunk_is_named(self, judging: Bench) -> None:
        asset = {"splunk_url": f"https://127.0.0.1:{closed_port()}"}
        run = judging.run("submit_verdict", asset, verdict="benign", incident_uid=UID)
        assert "cannot be reached" in refused(run)

    def test_a_splunk_without_app_is_named(self, judging: Bench) -> None:
        with start_splunkd() as bare:
            assert bare.ca_file is not None
            bare.add_role("labels", capabilities=["sftsec_label"], imported_roles=["user"])
            bare.add_user("playbook", "changed!", ["labels"])
            asset = {
                "splunk_url": bare.url,
                "splunk_token": bare.bearer_token("playbook"),
                "splunk_ca": Path(bare.ca_file).read_text(),
            }
            message = refused(judging.run("test_connectivity", asset))
        assert "404: is the app sftsec installed on this search head?" in message

    def test_an_absent_kv_store_is_named(self, judging: Bench, splunk: Splunkd) -> None:
        splunk.faults.kv_statuses = [503]
        message = refused(judging.run("submit_verdict", verdict="benign", incident_uid=UID))
        assert "splunkd answered 503" in message
        assert documents(splunk) == []
