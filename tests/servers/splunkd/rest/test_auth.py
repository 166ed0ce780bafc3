"""Logins, sessions and tokens."""

from __future__ import annotations

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd


class TestSessions:
    def test_a_refusal_has_one_of_two_shapes(self, splunk: Splunkd) -> None:
        caller = Caller(splunk)
        form = {"username": "admin", "password": "wrong", "output_mode": "json"}
        status, answer = caller.call("POST", "/services/auth/login", form)
        assert (status, answer["messages"][0]["text"]) == (401, "Login failed")
        status, answer = caller.call("GET", "/services/server/info?output_mode=json")
        assert (status, answer["messages"][0]["type"]) == (401, "WARN")
        headers = {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}
        status, answer = caller.call(
            "GET", "/services/server/info?output_mode=json", headers=headers
        )
        assert (status, answer["messages"][0]["text"]) == (401, "Unauthorized")

    def test_expire_on_demand_and_by_the_clock(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.faults.expire_after = 1
        assert caller.call("GET", "/services/messages")[0] == 200
        assert caller.call("GET", "/services/messages")[0] == 401
        caller.login()
        assert caller.call("GET", "/services/messages")[0] == 200
        splunk.clock_skew_s = 3601
        assert caller.call("GET", "/services/messages")[0] == 401

    def test_a_bearer_token_outlives_them(self, splunk: Splunkd) -> None:
        caller = Caller(splunk, {"Authorization": f"Bearer {splunk.bearer_token()}"})
        splunk.expire_sessions()
        assert caller.call("GET", "/services/server/info")[0] == 200
        caller.headers["Authorization"] = "Bearer nonsense"
        assert caller.call("GET", "/services/server/info")[0] == 401

    def test_a_missing_capability_is_named(self, splunk: Splunkd) -> None:
        splunk.add_user("ann", "secret12")
        caller = Caller(splunk)
        caller.login("ann", "secret12")
        status, answer = caller.call(
            "POST", "/services/data/indexes", {"name": "x", "output_mode": "json"}
        )
        assert status == 403
        assert "requires capability: indexes_edit" in answer["messages"][0]["text"]
