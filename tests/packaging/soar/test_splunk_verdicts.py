"""The search head that verdicts go to: whom it lets in, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.soar.bench import Bench, refused
from tests.packaging.soar.judged import UID, documents
from tests.packaging.splunk.scored import closed_port
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd


class TestSplunk:
    def test_is_asked_by_the_connectivity_test(self, judging: Bench) -> None:
        run = judging.run("test_connectivity")
        assert run.ok, run.message
        assert "Splunk takes the verdicts malicious, benign, undetermined." in run.output

    @pytest.mark.parametrize("action", ["submit_verdict", "test_connectivity"])
    def test_needs_a_token_with_the_role(
        self, judging: Bench, splunk: Splunkd, action: str
    ) -> None:
        splunk.add_user("bob", "changed!", ["user"])
        params = {} if action == "test_connectivity" else {"verdict": "benign", "incident_uid": UID}
        token = {"splunk_token": splunk.bearer_token("bob")}
        assert "give it the role sftsec_analyst" in refused(judging.run(action, token, **params))
        wrong = {"splunk_token": "not-a-token-of-this-splunk"}
        message = refused(judging.run(action, wrong, **params))
        assert "splunkd answered 401: the token is refused: check the asset" in message
        assert documents(splunk) == []

    def test_that_is_not_set_is_named(self, bench: Bench) -> None:
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
    def test_that_is_untrusted_is_named(
        self, judging: Bench, setting: str, value: str | None, said: str
    ) -> None:
        run = judging.run("submit_verdict", {setting: value}, verdict="benign", incident_uid=UID)
        assert said in refused(run)

    def test_that_is_absent_is_named(self, judging: Bench) -> None:
        asset = {"splunk_url": f"https://127.0.0.1:{closed_port()}"}
        run = judging.run("submit_verdict", asset, verdict="benign", incident_uid=UID)
        assert "cannot be reached" in refused(run)

    def test_without_the_app_is_named(self, judging: Bench) -> None:
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

    def test_without_a_kv_store_is_named(self, judging: Bench, splunk: Splunkd) -> None:
        splunk.faults.kv_statuses = [503]
        message = refused(judging.run("submit_verdict", verdict="benign", incident_uid=UID))
        assert "splunkd answered 503" in message
        assert documents(splunk) == []
