"""Faults on demand."""

from __future__ import annotations

from http.client import RemoteDisconnected

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd


class TestFaults:
    def test_connections_and_statuses_fail_on_demand(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.faults.dropped = 1
        with pytest.raises(RemoteDisconnected):
            caller.call("GET", "/services/messages")
        splunk.faults.statuses = [503]
        assert caller.call("GET", "/services/messages")[0] == 503
        assert caller.call("GET", "/services/messages")[0] == 200
