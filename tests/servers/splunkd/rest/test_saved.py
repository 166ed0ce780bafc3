"""Saved searches: dispatched, scheduled, suppressed, and the alerts that they fired."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_SAVED = "/servicesNS/nobody/search/saved/searches"
_FIRED = "/services/alerts/fired_alerts"


@pytest.fixture
def mine(caller: Caller) -> str:
    """The path of a saved search that is not scheduled."""
    assert caller.call("POST", _SAVED, {"name": "mine", "search": "index=main"})[0] == 201
    return f"{_SAVED}/mine"


def content(caller: Caller, path: str) -> dict[str, Any]:
    status, answer = caller.call("GET", f"{path}{'&' if '?' in path else '?'}output_mode=json")
    assert status == 200
    found: dict[str, Any] = answer["entry"][0]["content"]
    return found


class TestDispatch:
    def test_makes_a_job_of_its_history(self, splunk: Splunkd, caller: Caller, mine: str) -> None:
        splunk.index_event("an event")
        _, made = caller.call("POST", f"{mine}/dispatch", {"output_mode": "json"})
        _, page = caller.call(
            "GET", f"/services/search/jobs/{made['sid']}/results?output_mode=json"
        )
        assert [row["_raw"] for row in page["results"]] == ["an event"]
        _, answer = caller.call("GET", f"{mine}/history?output_mode=json")
        assert [each["name"] for each in answer["entry"]] == [made["sid"]]


class TestSchedule:
    def test_tells_its_next_times(self, splunk: Splunkd, caller: Caller, mine: str) -> None:
        assert content(caller, mine)["next_scheduled_time"] == ""
        form = {"is_scheduled": "1", "cron_schedule": "*/5 * * * *"}
        assert caller.call("POST", mine, form)[0] == 200
        assert content(caller, mine)["next_scheduled_time"]
        times = content(caller, f"{mine}/scheduled_times?latest_time=%2B1h")["scheduled_times"]
        assert len(times) == 12
        assert all(each % 300 == 0 for each in times)
        assert splunk.now() - 60 < times[0] <= splunk.now() + 300

    def test_refuses_an_unreadable_one(self, caller: Caller, mine: str) -> None:
        for cron in ("every day", "61 * * * *", "* * *"):
            assert caller.call("POST", mine, {"cron_schedule": cron})[0] == 400


class TestSuppression:
    def test_ends_by_the_clock(self, splunk: Splunkd, caller: Caller, mine: str) -> None:
        assert content(caller, f"{mine}/suppress")["suppressed"] is False
        assert caller.call("POST", f"{mine}/suppress", {"expiration": "60"})[0] == 200
        held = content(caller, f"{mine}/suppress")
        assert (held["suppressed"], held["expiration"]) == (True, 60)
        splunk.clock_skew_s = 61
        held = content(caller, f"{mine}/suppress")
        assert (held["suppressed"], held["expiration"]) == (False, 0)


class TestFiredAlerts:
    def test_are_grouped_and_acknowledged(self, splunk: Splunkd, caller: Caller) -> None:
        for name in ("one", "two"):
            form = {"name": name, "search": "index=main", "is_scheduled": "1", "alert.track": "1"}
            caller.call("POST", _SAVED, {**form, "cron_schedule": "* * * * *"})
        splunk.index_event("an event")
        splunk.clock_skew_s = 121
        _, answer = caller.call("GET", f"{_FIRED}?output_mode=json")
        counts = {e["name"]: e["content"]["triggered_alert_count"] for e in answer["entry"]}
        assert counts["-"] == counts["one"] + counts["two"]
        assert counts["one"] == content(caller, f"{_SAVED}/one")["triggered_alert_count"] > 0
        assert caller.call("POST", f"{_SAVED}/one/acknowledge")[0] == 200
        assert caller.call("GET", f"{_FIRED}/one?output_mode=json")[1]["entry"] == []
        assert caller.call("GET", f"{_FIRED}/two?output_mode=json")[1]["entry"] != []
