"""Investigations of Enterprise Security 8."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_V2 = "/servicesNS/nobody/missioncontrol/public/v2"


@pytest.fixture(autouse=True)
def _analyst(splunk: Splunkd) -> None:
    splunk.add_user("ann", "secret12", ["admin"])


class TestInvestigations:
    def test_hold_findings_and_notes(self, caller: Caller) -> None:
        _, made = caller.call("POST", f"{_V2}/investigations", document={"name": "Phishing wave"})
        path = f"{_V2}/investigations/{made['investigation_guid']}"
        caller.call("POST", f"{path}/findings", document={"finding_ids": ["a@@notable@@time1"]})
        caller.call("POST", path, document={"disposition": "disposition:2", "status": "5"})
        caller.call("POST", f"{path}/notes", document={"title": "t", "content": "c"})
        _, [found] = caller.call("GET", f"{_V2}/investigations?ids={made['investigation_guid']}")
        assert found["consolidated_findings"] == {"event_id": "a@@notable@@time1"}
        assert (found["disposition"], found["status_name"]) == ("disposition:2", "Closed")
        assert caller.call("GET", f"{path}/notes")[1]["items"][0]["content"] == "c"
