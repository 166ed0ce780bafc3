"""Scheduled searches and their alerts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.rest.scheduler import times_of
from tests.servers.splunkd.state import Splunkd

_SAVED = "/servicesNS/nobody/search/saved/searches"


class TestScheduler:
    def test_an_alert_fires_in_its_minute(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.index_event("an event", splunk.now())
        form = {"name": "each minute", "search": "index=main", "is_scheduled": "1"}
        form |= {"cron_schedule": "* * * * *", "alert.track": "1", "alert_type": "always"}
        caller.call("POST", _SAVED, form)
        path = "/services/alerts/fired_alerts/each%20minute?output_mode=json"
        assert caller.call("GET", path)[1]["entry"] == []
        splunk.clock_skew_s = 61
        caller.login()
        assert len(caller.call("GET", path)[1]["entry"]) == 1

    def test_an_unreadable_search_fires_nothing(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"name": "broken", "search": "index=main | nonsense", "is_scheduled": "1"}
        caller.call("POST", _SAVED, {**form, "cron_schedule": "* * * * *", "alert.track": "1"})
        splunk.clock_skew_s = 61
        status, answer = caller.call("GET", "/services/alerts/fired_alerts?output_mode=json")
        assert (status, answer["entry"]) == (200, [])


class TestTimesOf:
    @pytest.mark.parametrize(
        ("cron", "minutes"),
        [
            ("*/15 * * * *", [0, 15, 30, 45]),
            ("10-12,50 * * * *", [10, 11, 12, 50]),
            ("5/20 9 * * *", [5, 25, 45]),
            ("30 9 14 11 *", [30]),
            ("30 9 15 11 *", []),
            ("30 9 * * 2", [30]),
            ("30 9 * * 0,7", []),
        ],
    )
    def test_gives_the_minutes_that_fit(self, cron: str, minutes: list[int]) -> None:
        nine = datetime(2023, 11, 14, 9, tzinfo=UTC).timestamp()  # a Tuesday
        found = [(each - nine) / 60 for each in times_of(cron, nine - 60, nine + 59 * 60)]
        assert found == minutes

    @pytest.mark.parametrize(
        "cron", ["every day", "* * *", "61 * * * *", "5-3 * * * *", "*/0 * * * *"]
    )
    def test_refuses_what_is_no_cron_line(self, cron: str) -> None:
        with pytest.raises(RestError, match="Invalid cron_schedule"):
            next(times_of(cron, 0, 60), None)
