"""What splunkd says of itself, and its restart."""

from __future__ import annotations

from typing import Any

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_SETTINGS = "/services/server/settings"


def content(caller: Caller, path: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.call("GET", f"{path}?output_mode=json")[1]["entry"][0]["content"]
    return found


class TestInfo:
    def test_names_the_chosen_version(self) -> None:
        with start_splunkd(tls=False, version="10.0.1") as splunk:
            caller = Caller(splunk)
            caller.login()
            info = content(caller, "/services/server/info")
        assert (info["version"], info["kvStoreStatus"]) == ("10.0.1", "ready")
        assert info["startup_time"] == int(splunk.started)


class TestSettings:
    def test_that_change_need_a_restart(self, splunk: Splunkd, caller: Caller) -> None:
        assert caller.call("POST", _SETTINGS, {"sessionTimeout": "2h"})[0] == 200
        assert content(caller, _SETTINGS)["sessionTimeout"] == "2h"
        assert [each.name for each in splunk.entities.of("messages")] == ["restart_required"]

    def test_that_are_unknown_are_refused(self, splunk: Splunkd, caller: Caller) -> None:
        status, text = caller.call("POST", _SETTINGS, {"nothing": "1"})
        assert status == 400
        assert 'Argument "nothing" is not supported' in text
        assert splunk.entities.of("messages") == []


class TestRestart:
    def test_ends_sessions_and_keeps_data(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.index_event("kept")
        caller.call("POST", _SETTINGS, {"sessionTimeout": "2h"})
        before = splunk.started
        splunk.clock_skew_s = 5
        assert caller.call("POST", "/services/server/control/restart")[0] == 200
        assert caller.call("GET", "/services/messages")[0] == 401
        caller.login()
        assert splunk.started > before
        assert splunk.entities.of("messages") == []
        assert [each.raw for each in splunk.events("main")] == ["kept"]

    def test_takes_a_capability(self, splunk: Splunkd) -> None:
        splunk.add_user("ann", "secret12")
        ann = Caller(splunk)
        ann.login("ann", "secret12")
        assert ann.call("POST", "/services/server/control/restart")[0] == 403
