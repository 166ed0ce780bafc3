"""Scheduled searches and their alerts."""

from __future__ import annotations

from tests.servers.splunkd.caller import Caller
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
