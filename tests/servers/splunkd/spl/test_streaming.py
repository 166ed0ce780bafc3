"""Commands that treat one row after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

DATA = '| makeresults | eval n=split("3,1,2,1", ",") | mvexpand n | fields - _time'


@pytest.fixture(scope="module")
def splunk() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        yield double


class TestStreaming:
    @pytest.mark.parametrize(
        ("commands", "expected"),
        [
            ("where n>1", [{"n": "3"}, {"n": "2"}]),
            ("head 2", [{"n": "3"}, {"n": "1"}]),
            ("dedup n", [{"n": "3"}, {"n": "1"}, {"n": "2"}]),
            ("head 1 | eval m=n+1, o=m*2", [{"n": "3", "m": "4", "o": "8"}]),
            ('head 1 | eval m="x" | rename m as "a b"', [{"n": "3", "a b": "x"}]),
            ('head 1 | eval ab=1, ac=2 | rename a* as z*', [{"n": "3", "zb": "1", "zc": "2"}]),
            (r'head 1 | eval x="k=v" | rex field=x "(?<k>\w)=(?<v>\w)" | table k v',
             [{"k": "k", "v": "v"}]),
            (r'head 1 | eval x="a1b2" | rex field=x max_match=0 "(?<d>\d)" | table d',
             [{"d": ["1", "2"]}]),
            ('head 1 | eval x="a-b-c" | rex field=x mode=sed "s/-/+/g" | table x',
             [{"x": "a+b+c"}]),
            ('regex n="[23]"', [{"n": "3"}, {"n": "2"}]),
            ('regex n!="[23]"', [{"n": "1"}, {"n": "1"}]),
            ("head 1 | eval m=null() | fillnull value=none m", [{"n": "3", "m": "none"}]),
            ('head 1 | eval x="1,2" | makemv delim="," x | table x', [{"x": ["1", "2"]}]),
            ('head 1 | strcat n "-" n m | table m', [{"m": "3-3"}]),
            ('head 1 | eval j="{\\"a\\": {\\"b\\": 5}}" | spath input=j | table a.b',
             [{"a.b": "5"}]),
            ("eval t=n*100 | bin t span=200 | table t",
             [{"t": "200"}, {"t": "0"}, {"t": "200"}, {"t": "0"}]),
        ],
    )  # fmt: skip
    def test_give_the_rows_of_splunk(
        self, splunk: Splunkd, commands: str, expected: list[dict[str, Any]]
    ) -> None:
        assert splunk.search(f"{DATA} | {commands}") == expected
