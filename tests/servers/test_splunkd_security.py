"""The double of splunkd: Enterprise Security's notables, findings and investigations."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import RemoteDisconnected
from urllib.parse import quote

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_UPDATE = "/services/notable_update"
_V2 = "/servicesNS/nobody/missioncontrol/public/v2"
_FINDING = {
    "rule_title": "Odd login", "rule_description": "From far away", "security_domain": "access",
    "risk_object": "ann", "risk_object_type": "user", "risk_score": 40,
}  # fmt: skip


@pytest.fixture
def splunk() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        double.add_user("ann", "secret12", ["admin"])
        yield double


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    made = Caller(splunk)
    made.login()
    return made


def test_every_review_of_a_notable_stays_in_its_history(splunk: Splunkd, caller: Caller) -> None:
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


def test_a_notable_without_a_review_has_its_defaults(splunk: Splunkd) -> None:
    splunk.add_notable({"search_name": "Rule", "severity": "high"})
    [notable] = splunk.notables
    kept = [notable[name] for name in ("status", "owner", "urgency", "disposition")]
    assert kept == ["1", "unassigned", "high", "disposition:0"]


@pytest.mark.parametrize(
    "form", [{"status": "77"}, {"disposition": "disposition:7"}, {"newOwner": "nobody we know"}, {}]
)
def test_an_update_that_fails_is_a_200_that_says_so(
    splunk: Splunkd, caller: Caller, form: dict[str, str]
) -> None:
    event_id = splunk.add_notable({"search_name": "Rule"})
    status, answer = caller.call("POST", _UPDATE, {"ruleUIDs": event_id, **form})
    assert (status, answer["success"]) == (200, False)
    assert splunk.notables[0]["history"] == []


def test_updates_are_refused_on_demand_and_dispositions_may_be_added(
    splunk: Splunkd, caller: Caller
) -> None:
    splunk.add_disposition(7, "Phishing simulation")
    event_id = splunk.add_notable({"search_name": "Rule"})
    form = {"ruleUIDs": event_id, "disposition": "disposition:7"}
    splunk.faults.notable_updates_refused = 1
    assert [caller.call("POST", _UPDATE, form)[1]["success"] for _ in range(2)] == [False, True]
    assert splunk.notables[0]["disposition_label"] == "Phishing simulation"


def test_all_results_of_a_search_are_updated_by_its_id(splunk: Splunkd, caller: Caller) -> None:
    for name in ("one", "two"):
        splunk.add_notable({"search_name": name})
    form = {"search": "search `notable` | table event_id", "output_mode": "json"}
    _, made = caller.call("POST", "/services/search/jobs", form)
    _, answer = caller.call("POST", _UPDATE, {"searchID": made["sid"], "status": "2"})
    assert answer["success_count"] == 2
    assert {each["status_label"] for each in splunk.notables} == {"In Progress"}


def test_a_finding_posted_twice_is_two(splunk: Splunkd, caller: Caller) -> None:
    made = [caller.call("POST", f"{_V2}/findings", document=_FINDING) for _ in range(2)]
    assert [status for status, _ in made] == [201, 201]
    _, answer = caller.call("GET", f"{_V2}/findings?rule_title=Odd%20login")
    assert answer["total"] == 2
    assert {each["finding_id"] for each in answer["items"]} == {a["finding_id"] for _, a in made}
    splunk.faults.findings_dropped = 1
    with pytest.raises(RemoteDisconnected):
        caller.call("POST", f"{_V2}/findings", document=_FINDING)
    assert caller.call("GET", f"{_V2}/findings?limit=1")[1]["total"] == 3


def test_a_finding_is_judged_and_an_old_one_found_only_from_its_time_on(
    splunk: Splunkd, caller: Caller
) -> None:
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


def test_investigations_hold_findings_and_notes(caller: Caller) -> None:
    _, made = caller.call("POST", f"{_V2}/investigations", document={"name": "Phishing wave"})
    path = f"{_V2}/investigations/{made['investigation_guid']}"
    caller.call("POST", f"{path}/findings", document={"finding_ids": ["a@@notable@@time1"]})
    caller.call("POST", path, document={"disposition": "disposition:2", "status": "5"})
    caller.call("POST", f"{path}/notes", document={"title": "t", "content": "c"})
    _, [found] = caller.call("GET", f"{_V2}/investigations?ids={made['investigation_guid']}")
    assert found["consolidated_findings"] == {"event_id": "a@@notable@@time1"}
    assert (found["disposition"], found["status_name"]) == ("disposition:2", "Closed")
    assert caller.call("GET", f"{path}/notes")[1]["items"][0]["content"] == "c"


def test_version_7_has_no_public_v2() -> None:
    with start_splunkd(tls=False, es=7) as splunk:
        caller = Caller(splunk)
        caller.login()
        assert caller.call("GET", f"{_V2}/findings")[0] == 404
