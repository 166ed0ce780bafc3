"""Verdicts in the KV store: each change once, in batches, whatever was answered."""

from __future__ import annotations

from tests.packaging.splunk.bench import OWN, Bench
from tests.packaging.splunk.labelled import documents, label, rows
from tests.servers.splunkd.state import Splunkd


class TestVerdicts:
    def test_are_saved_once(self, bench: Bench, splunk: Splunkd) -> None:
        label(bench, rows("one", "two"))
        before = documents(splunk)
        run = label(bench, rows("one", "two"), rows("one", "three"))
        assert [each["sftsec_status"] for each in run.records] == [
            "already saved", "already saved", "already saved", "saved",
        ]  # fmt: skip
        assert documents(splunk)[:2] == before
        assert len(documents(splunk)) == 3

    def test_of_one_incident_are_one(self, bench: Bench, splunk: Splunkd) -> None:
        run = label(bench, rows("one", "one", "one"))
        assert [each["sftsec_status"] for each in run.records] == ["saved"] * 3
        assert len(documents(splunk)) == 1

    def test_may_be_given_again_after_retraction(self, bench: Bench, splunk: Splunkd) -> None:
        label(bench, rows("one"))
        first = documents(splunk)[0]
        undo = {**first, "_key": "ab12", "verdict": "", "retracts": first["_key"]}
        path = f"{OWN}/storage/collections/data/sftsec_verdicts/batch_save"
        status, _ = bench.caller("ann").call("POST", path, document=[undo])
        assert status == 200
        run = label(bench, rows("one"))
        assert run.records[0]["sftsec_status"] == "saved"
        assert len({str(each["_key"]) for each in documents(splunk)}) == 3

    def test_that_change_are_new_ones(self, bench: Bench, splunk: Splunkd) -> None:
        label(bench, rows("one"))
        bench.run("sftseclabel", [rows("one")], "label=benign", user="ann")
        label(bench, rows("one"), user="root")
        run = label(bench, rows("one"))
        assert run.records[0]["sftsec_status"] == "saved"
        said = [(each["analyst"], each["verdict"]) for each in documents(splunk)]
        assert sorted(map(str, said)) == sorted(
            map(
                str,
                [
                    ("ann", "malicious"),
                    ("ann", "benign"),
                    ("root", "malicious"),
                    ("ann", "malicious"),
                ],
            )
        )

    def test_are_written_in_batches(self, bench: Bench, splunk: Splunkd) -> None:
        splunk.faults.kv_batch_cap = 500
        run = label(bench, rows(*(f"incident-{n}" for n in range(1201))))
        assert run.messages == [("INFO", "sftsec: 1201 rows saved")]
        assert len(documents(splunk)) == 1201


class TestFaults:
    def test_rows_pass_without_the_store(self, bench: Bench, splunk: Splunkd) -> None:
        splunk.faults.kv_statuses = [503]
        run = label(bench, rows("one"), rows("two"))
        assert [each["sftsec_status"] for each in run.records] == [
            "not saved: run the search again", "saved",
        ]  # fmt: skip
        assert run.messages[0][0] == "ERROR"
        assert "verdicts were not saved" in run.messages[0][1]
        again = label(bench, rows("one"), rows("two"))
        assert [each["sftsec_status"] for each in again.records] == ["saved", "already saved"]

    def test_a_lost_answer_leaves_one_document(self, bench: Bench, splunk: Splunkd) -> None:
        splunk.faults.lost_after = "batch_save"
        label(bench, rows("one"))
        run = label(bench, rows("one"))
        assert run.records[0]["sftsec_status"] == "already saved"
        assert len(documents(splunk)) == 1
