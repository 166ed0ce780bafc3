"""Search macros."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestMacros:
    def test_take_their_arguments(self, splunk: Splunkd) -> None:
        splunk.add_macro("search", "of(1)", "user=$who$ | stats count", "who")
        assert splunk.search("search `of(ann)`") == [{"count": "3"}]
