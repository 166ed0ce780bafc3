"""The fields of a row."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestRow:
    def test_shows_extracted_fields_on_request(self, splunk: Splunkd) -> None:
        plain = splunk.search("search sourcetype=kv")[0]
        asked = splunk.search("search sourcetype=kv | fields *")[0]
        assert "src" not in plain
        assert plain["_raw"].startswith("src=")
        assert asked["src"] == "10.0.0.1"
        assert plain["_time"] == "2023-11-14T22:13:29.000+00:00"
