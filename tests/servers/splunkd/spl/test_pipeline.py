"""Whole searches: what each gives of six events, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestSearch:
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
                "search user=* | stats avg(n) as mean values(user) as who by user"
                " | rename who as w",
                [
                    {"user": "ann", "mean": "2", "w": "ann"},
                    {"user": "bob", "mean": "2", "w": "bob"},
                ],
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
    def test_gives_the_rows_of_splunk(
        self, splunk: Splunkd, search: str, expected: list[dict[str, Any]]
    ) -> None:
        assert splunk.search(search) == expected

    def test_reaches_the_indexes_of_the_role_alone(self, splunk: Splunkd) -> None:
        splunk.add_role("narrow", srchIndexesAllowed=["risk"], capabilities=["search"])
        splunk.add_user("eve", "secret12", ["narrow"])
        caller = Caller(splunk)
        caller.login("eve", "secret12")
        assert caller.search("search index=main") == []

    def test_a_test_may_add_a_command(self, splunk: Splunkd) -> None:
        def score(rows: Iterator[Row], arguments: str) -> Iterator[Row]:
            for row in rows:
                row.set("score", arguments)
                yield row

        splunk.commands["score"] = score
        assert splunk.search("search n=0 | score high | table n score") == [
            {"n": "0", "score": "high"}
        ]
