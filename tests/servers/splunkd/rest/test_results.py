"""Pages of results, whose cells are text."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_JOBS = "/services/search/v2/jobs"


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestResults:
    def test_come_in_pages_of_text_cells(self, caller: Caller) -> None:
        form = {"search": "search n=* | table n | sort n", "output_mode": "json"}
        _, made = caller.call("POST", _JOBS, form)
        path = f"{_JOBS}/{made['sid']}/results?output_mode=json&count=2&offset=2"
        _, page = caller.call("GET", path)
        assert page["results"] == [{"n": "2"}, {"n": "3"}]
        assert (page["init_offset"], page["preview"]) == (2, False)
        _, text = caller.call("GET", f"{_JOBS}/{made['sid']}/results?count=1")
        assert "<field k='n'>" in text or '<field k="n">' in text
