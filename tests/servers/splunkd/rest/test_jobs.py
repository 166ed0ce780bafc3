"""Search jobs and exports: their states, their faults, and their time range."""

from __future__ import annotations

import json
from http.client import IncompleteRead

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.conftest import START
from tests.servers.splunkd.state import Splunkd

_JOBS = "/services/search/v2/jobs"


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestJob:
    def test_is_queued_then_runs_then_is_done(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.faults.job_polls, splunk.faults.job_seconds = 2, 30
        try:
            status, made = caller.call(
                "POST", _JOBS, {"search": "search n=*", "output_mode": "json"}
            )
        finally:
            splunk.faults.job_polls, splunk.faults.job_seconds = 0, 0
        path = f"{_JOBS}/{made['sid']}"
        assert status == 201
        states = [caller.call("GET", f"{path}?output_mode=json") for _ in range(3)]
        assert [status for status, _ in states] == [204, 204, 200]
        assert states[2][1]["entry"][0]["content"]["dispatchState"] == "RUNNING"
        assert caller.call("GET", f"{path}/results?output_mode=json")[0] == 204
        splunk.clock_skew_s += 31
        _, answer = caller.call("GET", f"{path}?output_mode=json")
        content = answer["entry"][0]["content"]
        assert (content["dispatchState"], content["isDone"], content["resultCount"]) == (
            "DONE",
            True,
            6,
        )

    @pytest.mark.parametrize(
        ("search", "refusal"),
        [
            ("index=main", "Unknown search command 'index'."),
            ("search * | frobnicate x", "Unknown search command 'frobnicate'."),
            ("search * | eval x=nope(1)", "The 'nope' function is unsupported or undefined."),
            ("search * | where n >", "The expression is malformed."),
            ("search (a OR b", "Unable to parse the search"),
            ("search `nosuchmacro`", "macro 'nosuchmacro' that cannot be found"),
            ("| inputlookup nothere", "The lookup table 'nothere' requires a .csv or KV store"),
            ("search * | sendalert nothere", 'Alert action "nothere" not found.'),
            ('search "open', "Unbalanced quotes."),
            ("search * | makeresults", "must be the first command of a search"),
        ],
    )
    def test_an_unreadable_search_is_fatal(self, caller: Caller, search: str, refusal: str) -> None:
        form = {"search": search, "output_mode": "json"}
        for path in (_JOBS, f"{_JOBS}/export", "/services/search/jobs"):
            status, answer = caller.call("POST", path, form)
            assert (status, answer["messages"][0]["type"]) == (400, "FATAL")
            assert refusal in answer["messages"][0]["text"]

    def test_searches_its_time_range_alone(self, caller: Caller) -> None:
        times = {"earliest_time": str(START + 1), "latest_time": str(START + 3)}
        assert [row["n"] for row in caller.search("search n=* | table n", **times)] == ["2", "1"]
        assert caller.search("search n=* earliest=-1h | table n") == []


class TestExport:
    def test_is_a_line_for_each_row(self, caller: Caller) -> None:
        form = {"search": "search n<2 | table n _time", "output_mode": "json"}
        _, text = caller.call("POST", f"{_JOBS}/export", form)
        lines = [json.loads(line) for line in text.splitlines()]
        assert [line["result"]["n"] for line in lines] == ["1", "0"]
        assert [line.get("lastrow") for line in lines] == [None, True]
        assert lines[0]["result"]["_time"] == "2023-11-14 22:13:21.000 UTC"

    def test_can_be_cut_or_fail_half_way(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"search": "search n=*", "output_mode": "json"}
        splunk.faults.cut_export_after = 700
        with pytest.raises(IncompleteRead):
            caller.call("POST", f"{_JOBS}/export", form)
        splunk.faults.fatal, splunk.faults.fatal_rows = "Search process died.", 2
        _, text = caller.call("POST", f"{_JOBS}/export", form)
        lines = [json.loads(line) for line in text.splitlines()]
        assert sum("result" in line for line in lines) == 2
        assert {"type": "FATAL", "text": "Search process died."} in [
            message for line in lines for message in line.get("messages", [])
        ]


class TestControl:
    def test_changes_the_job(self, splunk: Splunkd, caller: Caller) -> None:
        job = splunk.jobs.start(splunk, "search n=*", {}, owner="admin", app="search")
        path = f"{_JOBS}/{job.sid}/control"
        for action, field, value in (
            ("pause", "paused", True),
            ("unpause", "paused", False),
            ("save", "kept", True),
            ("unsave", "kept", False),
            ("finalize", "finalized", True),
        ):
            assert caller.call("POST", path, {"action": action})[0] == 200
            assert getattr(job, field) is value
        assert caller.call("POST", path, {"action": "setttl", "ttl": "77"})[0] == 200
        assert job.ttl == 77
        assert caller.call("POST", path, {"action": "nonsense"})[0] == 400
        assert caller.call("POST", path, {"action": "cancel"})[0] == 200
        assert caller.call("GET", f"{_JOBS}/{job.sid}")[0] == 404


class TestPostProcessing:
    def test_runs_on_the_results(self, caller: Caller) -> None:
        form = {"search": "search n=* | table n user", "output_mode": "json"}
        _, made = caller.call("POST", _JOBS, form)
        query = "output_mode=json&search=%7C%20stats%20count%20by%20user%20%7C%20sort%20user"
        path = f"{_JOBS}/{made['sid']}/results?{query}"
        _, page = caller.call("GET", path)
        assert page["results"] == [{"user": "ann", "count": "3"}, {"user": "bob", "count": "2"}]


class TestParser:
    def test_names_the_commands(self, caller: Caller) -> None:
        path = "/services/search/parser?output_mode=json&q="
        _, answer = caller.call("GET", f"{path}search%20n=1%20%7C%20stats%20count")
        assert [each["command"] for each in answer["commands"]] == ["search", "stats"]
        assert caller.call("GET", f"{path}search%20n=1%20%7C%20nonsense")[0] == 400
