"""Findings of Enterprise Security 8."""

from __future__ import annotations

from http.client import RemoteDisconnected
from urllib.parse import quote

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_V2 = "/servicesNS/nobody/missioncontrol/public/v2"
_FINDING = {
    "rule_title": "Odd login", "rule_description": "From far away", "security_domain": "access",
    "risk_object": "ann", "risk_object_type": "user", "risk_score": 40,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _analyst(splunk: Splunkd) -> None:
    splunk.add_user("ann", "secret12", ["admin"])


class TestFindings:
    def test_one_posted_twice_is_two(self, splunk: Splunkd, caller: Caller) -> None:
        made = [caller.call("POST", f"{_V2}/findings", document=_FINDING) for _ in range(2)]
        assert [status for status, _ in made] == [201, 201]
        _, answer = caller.call("GET", f"{_V2}/findings?rule_title=Odd%20login")
        assert answer["total"] == 2
        assert {each["finding_id"] for each in answer["items"]} == {
            a["finding_id"] for _, a in made
        }
        splunk.faults.findings_dropped = 1
        with pytest.raises(RemoteDisconnected):
            caller.call("POST", f"{_V2}/findings", document=_FINDING)
        assert caller.call("GET", f"{_V2}/findings?limit=1")[1]["total"] == 3

    def test_an_old_one_needs_its_time_range(self, splunk: Splunkd, caller: Caller) -> None:
        _, made = caller.call("POST", f"{_V2}/findings", document=_FINDING)
        name = quote(made["finding_id"])
        change = {"disposition": "disposition:1", "status": "5", "owner": "ann"}
        assert caller.call("POST", f"{_V2}/investigations/{name}", document=change)[0] == 200
        _, found = caller.call("GET", f"{_V2}/findings/{name}")
        assert (found["disposition"], found["owner"]) == ("disposition:1", "ann")
        assert (found["risk_score"], found["status_label"]) == ("40.0", "Closed")
        splunk.clock_skew_s += 2 * 86400
        caller.login()
        assert caller.call("GET", f"{_V2}/findings/{name}")[0] == 404
        assert caller.call("GET", f"{_V2}/findings/{name}?earliest=-7d")[0] == 200
        assert caller.call("POST", f"{_V2}/findings", document={"rule_title": "x"})[0] == 400

    def test_version_7_has_none(self) -> None:
        with start_splunkd(tls=False, es=7) as splunk:
            caller = Caller(splunk)
            caller.login()
            assert caller.call("GET", f"{_V2}/findings")[0] == 404
