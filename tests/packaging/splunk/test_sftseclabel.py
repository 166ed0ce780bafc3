"""`| sftseclabel`: verdicts in the KV store, each once, by those who may."""

from __future__ import annotations

import json

import pytest

from sftsec_splunk.verdicts import logged_verdicts
from tests.packaging.splunk.bench import OWN, Bench
from tests.packaging.splunk.frames import preview
from tests.packaging.splunk.labelled import DISPUTED, documents, label, rows
from tests.servers.splunkd.chunked import Record
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS
from tests.servers.splunkd.state import Splunkd


class TestVerdicts:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_are_saved_with_their_event(self, bench: Bench, splunk: Splunkd, version: str) -> None:
        bench.version = version
        given = rows("one")
        run = label(bench, given)
        added = {"sftsec_verdict": "malicious", "sftsec_status": "saved"}
        assert run.records == [{**given[0], **added}]
        assert run.messages == [("INFO", "sftsec: 1 rows saved")]
        assert (run.exit_code, run.stderr) == (0, "")
        (document,) = documents(splunk)
        said = ("incident_uid", "verdict", "analyst", "reason", "automated", "retracts", "source")
        assert [document[name] for name in said] == [
            "one", "malicious", "ann", "seen in the sandbox", False, "", "search",
        ]  # fmt: skip
        assert json.loads(str(document["event"])) == {
            "_raw": "click", "src": "10.0.0.1", "to": ["a", "b"],
        }  # fmt: skip
        assert (document["event_time"], document["detection_id"]) == (1767600000, "d1")
        assert document["task"] == "mail"
        assert len(str(document["_key"])) == 40

    def test_rows_have_the_names_of_the_macro(self, bench: Bench, splunk: Splunkd) -> None:
        named: list[Record] = [
            {"incident_uid": "own", "event_id": "E1@@n"},
            {
                "event_id": "E2@@n",
                "finding_id": "F2",
                "_bkt": "b",
                "_cd": "1",
                "status": "5",
                "src": "s",
            },
            {"finding_id": "F3", "_bkt": "b", "_cd": "1"},
            {"_bkt": "main~1~A", "_cd": "7:9"},
            {"_bkt": "main~1~A"},
            {
                "event_id": "4624",
                "_bkt": "main~1~A",
                "_cd": "7:10",
            },  # Windows' code of a kind of event
        ]
        run = label(bench, named)
        by_uid = {str(each["incident_uid"]): each for each in documents(splunk)}
        assert set(by_uid) == {"own", "E2@@n", "F3", "main~1~A@@7:9", "main~1~A@@7:10"}
        assert json.loads(str(by_uid["E2@@n"]["event"])) == {"src": "s"}  # a review's status is not
        assert json.loads(str(by_uid["main~1~A@@7:10"]["event"])) == {"event_id": "4624"}
        assert run.records[4]["sftsec_status"] == "not saved: the row has no incident_uid"
        assert run.records[4]["sftsec_verdict"] == ""
        assert ("WARN", "sftsec: 1 rows not saved: the row has no incident_uid") in run.messages

    def test_may_be_values_of_the_site(self, bench: Bench, splunk: Splunkd) -> None:
        form = {"verdicts": "T1059, other"}
        bench.caller().call("POST", f"{OWN}/configs/conf-sftsec/labelling", form)
        run = bench.run("sftseclabel", [rows("one")], "label=T1059", user="ann")
        assert run.records[0]["sftsec_verdict"] == "T1059"
        assert documents(splunk)[0]["verdict"] == "T1059"

    def test_a_preview_writes_nothing(self, bench: Bench, splunk: Splunkd) -> None:
        run = preview(bench, "sftseclabel", rows("one"), *DISPUTED)
        assert run[0]["sftsec_status"] == "not saved yet: this is a preview"
        assert documents(splunk) == []


class TestRetractions:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_take_back_only_the_users_verdicts(
        self, bench: Bench, splunk: Splunkd, version: str
    ) -> None:
        bench.version = version
        label(bench, rows("one", "two"))
        label(bench, rows("one"), user="root")
        run = bench.run(
            "sftseclabel", [rows("one", "none")], "retract=t", "reason=oops", user="ann"
        )
        assert [(r["sftsec_verdict"], r["sftsec_status"]) for r in run.records] == [
            ("", "retracted"), ("", "nothing to retract"),
        ]  # fmt: skip
        assert sorted(run.messages) == [
            ("INFO", "sftsec: 1 rows nothing to retract"),
            ("INFO", "sftsec: 1 rows retracted"),
        ]
        assert (run.exit_code, run.stderr) == (0, "")
        found, _ = logged_verdicts(documents(splunk))
        said = {each.uid: [(v.analyst, v.value) for v in each.verdicts] for each in found}
        assert said == {"one": [("root", "malicious")], "two": [("ann", "malicious")]}
        (undo,) = [each for each in documents(splunk) if each["retracts"]]
        assert (undo["reason"], undo["source"], undo["task"]) == ("oops", "search", "mail")

    def test_leave_no_earlier_verdict(self, bench: Bench, splunk: Splunkd) -> None:
        label(bench, rows("one"))
        bench.run("sftseclabel", [rows("one")], "label=benign", user="ann")
        before = documents(splunk)
        for expected in ("retracted", "nothing to retract"):
            run = bench.run("sftseclabel", [rows("one", "one")], "retract=true", user="ann")
            assert [each["sftsec_status"] for each in run.records] == [expected] * 2
        found, _ = logged_verdicts(documents(splunk))
        assert [each.verdicts for each in found] == [()]
        assert [each for each in documents(splunk) if not each["retracts"]] == before
        assert len(documents(splunk)) == 4
        assert label(bench, rows("one")).records[0]["sftsec_status"] == "saved"

    def test_of_a_preview_write_nothing(self, bench: Bench, splunk: Splunkd) -> None:
        label(bench, rows("one"))
        run = preview(bench, "sftseclabel", rows("one"), "retract=true")
        assert run[0]["sftsec_status"] == "not retracted yet: this is a preview"
        splunk.faults.kv_statuses = [503]
        failed = bench.run("sftseclabel", [rows("one")], "retract=true", user="ann")
        assert failed.records[0]["sftsec_status"] == "not retracted: run the search again"
        assert failed.messages[0][0] == "ERROR"
        assert len(documents(splunk)) == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("user", "arguments", "told"),
        [
            (
                "bob",
                DISPUTED,
                "you may not label: that takes the role sftsec_analyst (sftsec_label)",
            ),
            ("ann", ["label=malcious"], "none of the verdicts: malicious, benign, undetermined"),
            ("ann", ["reason=x"], "label=... is missing"),
            ("ann", ["label=benign", "reason=seen", "in", "it"], "'in' is not an option"),
            ("ann", ["label=benign", "reason=" + "x" * 2001], "a reason may have 2000 characters"),
            ("ann", ["retract=true", "label=benign"], "leave label=... out"),
            ("ann", ["retract=false"], "label=... is missing"),
            ("ann", ["retract=malicious"], "retract=malicious must be true or false"),
            ("bob", ["retract=true"], "you may not label"),
        ],
    )
    def test_a_wrong_call_writes_nothing(
        self, bench: Bench, splunk: Splunkd, user: str, arguments: list[str], told: str
    ) -> None:
        run = bench.run("sftseclabel", [rows("one")], *arguments, user=user)
        assert run.records == []
        ((kind, text),) = run.messages
        assert kind == "ERROR"
        assert told in text
        assert documents(splunk) == []

    def test_another_role_may_not_write(self, bench: Bench, splunk: Splunkd) -> None:
        path = f"{OWN}/storage/collections/data/sftsec_verdicts/batch_save"
        status, _ = bench.caller("bob").call("POST", path, document=[{"_key": "a"}])
        assert status == 403
        assert documents(splunk) == []
