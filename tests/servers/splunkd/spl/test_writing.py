"""collect and sendalert."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestWriting:
    def test_collect_and_risk_write_events(self, splunk: Splunkd) -> None:
        splunk.search("search user=ann n=4 | table user n | collect index=summary sourcetype=mine")
        assert splunk.search("search index=summary | table user n") == [{"user": "ann", "n": "4"}]
        splunk.search(
            'search user=ann n=4 | sendalert risk param._risk_object="user" '
            'param._risk_object_type="user" param._risk_score=40 param._risk_message="by $user$"'
        )
        shown = "risk_object risk_object_type risk_score risk_message"
        assert splunk.search(f"search index=risk | table {shown}") == [
            {
                "risk_object": "ann",
                "risk_object_type": "user",
                "risk_score": "40",
                "risk_message": "by ann",
            }
        ]
        assert splunk.alerts[-1].action == "risk"
