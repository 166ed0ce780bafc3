"""Commands that need all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

DATA = (
    '| makeresults | eval p=split("ann:10,bob:9,ann:2,eve:", ",") | mvexpand p'
    ' | eval user=mvindex(split(p, ":"), 0), n=nullif(mvindex(split(p, ":"), 1), "")'
)


@pytest.fixture(scope="module")
def splunk() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        yield double


class TestTransforming:
    @pytest.mark.parametrize(
        ("commands", "expected"),
        [
            ("stats count sum(n) as s by user",
             [{"user": "ann", "count": "2", "s": "12"}, {"user": "bob", "count": "1", "s": "9"},
              {"user": "eve", "count": "1"}]),
            ("where n>100 | stats count", [{"count": "0"}]),
            ("where n>100 | stats count by user", []),
            ("eventstats max(n) as m by user | table user n m",
             [{"user": "ann", "n": "10", "m": "10"}, {"user": "bob", "n": "9", "m": "9"},
              {"user": "ann", "n": "2", "m": "10"}, {"user": "eve"}]),
            ("sort - n | table n", [{"n": "10"}, {"n": "9"}, {"n": "2"}, {}]),
            ("sort n | table n", [{"n": "2"}, {"n": "9"}, {"n": "10"}, {}]),
            ("sort str(n) | table n", [{"n": "10"}, {"n": "2"}, {"n": "9"}, {}]),
            ("sort user, -n | head 2 | table user n",
             [{"user": "ann", "n": "10"}, {"user": "ann", "n": "2"}]),
            ("sort 1 user | table user", [{"user": "ann"}]),
            ("tail 2 | table user", [{"user": "eve"}, {"user": "ann"}]),
            ("reverse | head 1 | table user", [{"user": "eve"}]),
            ("top limit=1 user", [{"user": "ann", "count": "2", "percent": "50.000000"}]),
            ("rare limit=1 user", [{"user": "bob", "count": "1", "percent": "25.000000"}]),
            ("table user | append [| makeresults | eval user=\"zoe\" | table user] | tail 1",
             [{"user": "zoe"}]),
            ("table user | join user [| makeresults | eval user=\"bob\", team=\"soc\"]"
             " | table user team", [{"user": "bob", "team": "soc"}]),
        ],
    )  # fmt: skip
    def test_give_the_rows_of_splunk(
        self, splunk: Splunkd, commands: str, expected: list[dict[str, Any]]
    ) -> None:
        assert splunk.search(f"{DATA} | {commands}") == expected
