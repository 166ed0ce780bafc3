"""notable_update and the history of reviews."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_UPDATE = "/services/notable_update"


@pytest.fixture(autouse=True)
def _analyst(splunk: Splunkd) -> None:
    splunk.add_user("ann", "secret12", ["admin"])


class TestReviews:
    def test_stay_in_the_history_of_a_notable(self, splunk: Splunkd, caller: Caller) -> None:
        event_id = splunk.add_notable({"search_name": "Access - Odd - Rule", "src": "10.0.0.1"})
        ann = Caller(splunk)
        ann.login("ann", "secret12")
        for who, number in ((caller, 1), (ann, 3)):
            splunk.clock_skew_s += 1
            form = {"ruleUIDs": event_id, "status": "5", "disposition": f"disposition:{number}"}
            status, answer = who.call("POST", _UPDATE, {**form, "comment": "so it is"})
            assert (status, answer["success"], answer["success_count"]) == (200, True, 1)
        search = "| inputlookup incident_review_lookup | sort time | table rule_id user disposition"
        assert splunk.search(search) == [
            {"rule_id": event_id, "user": "admin", "disposition": "disposition:1"},
            {"rule_id": event_id, "user": "ann", "disposition": "disposition:3"},
        ]
        [notable] = splunk.notables
        assert (notable["event_id"], notable["disposition"]) == (event_id, "disposition:3")
        assert notable["disposition_label"] == "False Positive - Incorrect Analytic Logic"
        assert (notable["status_label"], notable["src"]) == ("Closed", "10.0.0.1")
        assert [each["user"] for each in notable["history"]] == ["admin", "ann"]

    def test_a_new_notable_has_defaults(self, splunk: Splunkd) -> None:
        splunk.add_notable({"search_name": "Rule", "severity": "high"})
        [notable] = splunk.notables
        kept = [notable[name] for name in ("status", "owner", "urgency", "disposition")]
        assert kept == ["1", "unassigned", "high", "disposition:0"]

    @pytest.mark.parametrize(
        "form",
        [{"status": "77"}, {"disposition": "disposition:7"}, {"newOwner": "nobody we know"}, {}],
    )
    def test_a_failed_update_is_a_200(
        self, splunk: Splunkd, caller: Caller, form: dict[str, str]
    ) -> None:
        event_id = splunk.add_notable({"search_name": "Rule"})
        status, answer = caller.call("POST", _UPDATE, {"ruleUIDs": event_id, **form})
        assert (status, answer["success"]) == (200, False)
        assert splunk.notables[0]["history"] == []

    def test_dispositions_may_be_added(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.add_disposition(7, "Phishing simulation")
        event_id = splunk.add_notable({"search_name": "Rule"})
        form = {"ruleUIDs": event_id, "disposition": "disposition:7"}
        splunk.faults.notable_updates_refused = 1
        assert [caller.call("POST", _UPDATE, form)[1]["success"] for _ in range(2)] == [False, True]
        assert splunk.notables[0]["disposition_label"] == "Phishing simulation"

    def test_a_search_id_updates_all_its_results(self, splunk: Splunkd, caller: Caller) -> None:
        for name in ("one", "two"):
            splunk.add_notable({"search_name": name})
        form = {"search": "search `notable` | table event_id", "output_mode": "json"}
        _, made = caller.call("POST", "/services/search/jobs", form)
        _, answer = caller.call("POST", _UPDATE, {"searchID": made["sid"], "status": "2"})
        assert answer["success_count"] == 2
        assert {each["status_label"] for each in splunk.notables} == {"In Progress"}
