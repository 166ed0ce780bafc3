"""The double of splunkd: search jobs, export, and the part of SPL that it knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.state import Splunkd

_JOBS = "/services/search/v2/jobs"
_START = 1_700_000_000.0


@pytest.fixture(scope="module")
def _shared() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        yield double


@pytest.fixture
def splunk(_shared: Splunkd) -> Splunkd:
    """One double for all, with nothing but these events in its index."""
    _shared.event_store.by_index["main"] = []
    for number in range(5):
        event = {"n": number, "user": ["ann", "bob"][number % 2], "deep": {"tag": [number, "x"]}}
        _shared.index_event(json.dumps(event), _START + number, Origin("main", "h1", "s", "json"))
    _shared.index_event(
        'src=10.0.0.1 action="logged in" n=9', _START + 9, Origin("main", "h2", "s", "kv")
    )
    return _shared


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    made = Caller(splunk)
    made.login()
    return made


def _rows(splunk: Splunkd, search: str) -> list[dict[str, Any]]:
    return splunk.search(search)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("search user=ann | stats count", [{"count": "3"}]),
        ("search user=ANN OR user=BOB n>1 | stats count", [{"count": "3"}]),
        ("search NOT user=* | table src, action", [{"src": "10.0.0.1", "action": "logged in"}]),
        ("search user!=ann | stats count", [{"count": "2"}]),
        ("search n IN (1, 3) | sort n | table n", [{"n": "1"}, {"n": "3"}]),
        ("search sourcetype=j* host=h1 | head 2 | table n", [{"n": "4"}, {"n": "3"}]),
        ('search "logged in" | table host', [{"host": "h2"}]),
        ("search deep.tag{}=2 | table n deep.tag{}", [{"n": "2", "deep.tag{}": ["2", "x"]}]),
        ("search index=nowhere", []),
        (
            "search user=* | stats avg(n) as mean values(user) as who by user | rename who as w",
            [{"user": "ann", "mean": "2", "w": "ann"}, {"user": "bob", "mean": "2", "w": "bob"}],
        ),
        (
            'search n=4 | eval k=if(n>3, "big", "small"), m=n*2 . "!" | table k m',
            [{"k": "big", "m": "8!"}],
        ),
        ("search n=* | where n>=4 AND isnotnull(user) | table n", [{"n": "4"}]),
        ("search user=* | dedup user | table user", [{"user": "ann"}, {"user": "bob"}]),
        ("search user=* | sort 2 - n | fields n | fields - _*", [{"n": "4"}, {"n": "3"}]),
        ("| makeresults count=2 | eval a=1 | stats sum(a) as s", [{"s": "2"}]),
        (
            r'search src=* | rex field=src "(?<net>\d+\.\d+)\." | table net',
            [{"net": "10.0"}],
        ),
        ("search [search n=3 | fields n] | table n", [{"n": "3"}]),
        ("search n=* | tail 1 | table n", [{"n": "0"}]),
        ('search n=9 | eval x=mvcount(split(src, ".")) | table x', [{"x": "4"}]),
    ],
)
def test_spl_does_what_it_does_in_splunk(
    splunk: Splunkd, search: str, expected: list[dict[str, Any]]
) -> None:
    assert _rows(splunk, search) == expected


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
def test_what_cannot_be_read_is_fatal(caller: Caller, search: str, refusal: str) -> None:
    form = {"search": search, "output_mode": "json"}
    for path in (_JOBS, f"{_JOBS}/export", "/services/search/jobs"):
        status, answer = caller.call("POST", path, form)
        assert (status, answer["messages"][0]["type"]) == (400, "FATAL")
        assert refusal in answer["messages"][0]["text"]


def test_a_job_is_queued_runs_and_is_done(splunk: Splunkd, caller: Caller) -> None:
    splunk.faults.job_polls, splunk.faults.job_seconds = 2, 30
    try:
        status, made = caller.call("POST", _JOBS, {"search": "search n=*", "output_mode": "json"})
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


def test_results_come_in_pages_and_cells_are_text(caller: Caller) -> None:
    form = {"search": "search n=* | table n | sort n", "output_mode": "json"}
    _, made = caller.call("POST", _JOBS, form)
    path = f"{_JOBS}/{made['sid']}/results?output_mode=json&count=2&offset=2"
    _, page = caller.call("GET", path)
    assert page["results"] == [{"n": "2"}, {"n": "3"}]
    assert (page["init_offset"], page["preview"]) == (2, False)
    _, text = caller.call("GET", f"{_JOBS}/{made['sid']}/results?count=1")
    assert "<field k='n'>" in text or '<field k="n">' in text


def test_an_event_shows_its_own_fields_only_when_they_are_asked_for(splunk: Splunkd) -> None:
    plain = _rows(splunk, "search sourcetype=kv")[0]
    asked = _rows(splunk, "search sourcetype=kv | fields *")[0]
    assert "src" not in plain
    assert plain["_raw"].startswith("src=")
    assert asked["src"] == "10.0.0.1"
    assert plain["_time"] == "2023-11-14T22:13:29.000+00:00"


def test_an_export_is_a_line_for_each_row(caller: Caller) -> None:
    form = {"search": "search n<2 | table n _time", "output_mode": "json"}
    _, text = caller.call("POST", f"{_JOBS}/export", form)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["result"]["n"] for line in lines] == ["1", "0"]
    assert [line.get("lastrow") for line in lines] == [None, True]
    assert lines[0]["result"]["_time"] == "2023-11-14 22:13:21.000 UTC"


def test_an_export_can_lose_its_connection_or_fail_half_way(
    splunk: Splunkd, caller: Caller
) -> None:
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


def test_a_search_is_of_its_time(caller: Caller) -> None:
    times = {"earliest_time": str(_START + 1), "latest_time": str(_START + 3)}
    assert [row["n"] for row in caller.search("search n=* | table n", **times)] == ["2", "1"]
    assert caller.search("search n=* earliest=-1h | table n") == []


def test_a_user_searches_only_what_its_roles_allow(splunk: Splunkd) -> None:
    splunk.add_role("narrow", srchIndexesAllowed=["risk"], capabilities=["search"])
    splunk.add_user("eve", "secret12", ["narrow"])
    caller = Caller(splunk)
    caller.login("eve", "secret12")
    assert caller.search("search index=main") == []


def test_macros_take_arguments(splunk: Splunkd) -> None:
    splunk.add_macro("search", "of(1)", "user=$who$ | stats count", "who")
    assert _rows(splunk, "search `of(ann)`") == [{"count": "3"}]


def test_lookups_are_read_joined_and_written(splunk: Splunkd) -> None:
    splunk.add_collection("search", "people", **{"field.age": "number"})
    splunk.add_lookup("search", "people_lookup", external_type="kvstore", collection="people",
                      fields_list="_key, user, age")  # fmt: skip
    made = '| makeresults | eval user="ann", age=30 | outputlookup people_lookup key_field=user'
    splunk.search(made)
    assert splunk.kv("search", "people") == [
        {"_key": "ann", "_user": "nobody", "user": "ann", "age": 30}
    ]
    found = _rows(
        splunk, "search user=* | stats count by user | lookup people_lookup user OUTPUT age"
    )
    assert found == [{"user": "ann", "count": "3", "age": "30"}, {"user": "bob", "count": "2"}]
    assert _rows(splunk, "| inputlookup people_lookup where age>29 | table user") == [
        {"user": "ann"}
    ]


def test_collect_writes_events_and_sendalert_writes_risk(splunk: Splunkd) -> None:
    splunk.search("search user=ann n=4 | table user n | collect index=summary sourcetype=mine")
    assert _rows(splunk, "search index=summary | table user n") == [{"user": "ann", "n": "4"}]
    splunk.search(
        'search user=ann n=4 | sendalert risk param._risk_object="user" '
        'param._risk_object_type="user" param._risk_score=40 param._risk_message="by $user$"'
    )
    shown = "risk_object risk_object_type risk_score risk_message"
    assert _rows(splunk, f"search index=risk | table {shown}") == [
        {
            "risk_object": "ann",
            "risk_object_type": "user",
            "risk_score": "40",
            "risk_message": "by ann",
        }
    ]
    assert splunk.alerts[-1].action == "risk"


def test_a_test_may_put_in_a_command_of_its_own(splunk: Splunkd) -> None:
    def score(rows: Iterator[Row], arguments: str) -> Iterator[Row]:
        for row in rows:
            row.set("score", arguments)
            yield row

    splunk.commands["score"] = score
    assert _rows(splunk, "search n=0 | score high | table n score") == [{"n": "0", "score": "high"}]
