"""What the alert actions of Enterprise Security leave: events of risk, and notables."""

from __future__ import annotations

import json

from tests.servers.splunkd.state import Splunkd

ROW = '| makeresults | eval user="joe", src="10.0.0.1", score=40'


class TestRisk:
    def test_is_an_event_for_each_object(self, splunk: Splunkd) -> None:
        objects = [
            {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 40},
            {"risk_object_field": "src", "risk_object_type": "system"},
            {"threat_object_field": "src"},
        ]
        told = json.dumps(objects).replace('"', '\\"')
        splunk.search(
            f'{ROW} | sendalert risk param._risk="{told}" param._risk_message="$user$ did it"'
        )
        rows = splunk.search(
            "search index=risk | sort risk_object"
            " | table risk_object risk_object_type risk_score risk_message user"
        )
        common = {"risk_message": "joe did it", "user": "joe"}
        assert rows == [
            {"risk_object": "10.0.0.1", "risk_object_type": "system", "risk_score": "0", **common},
            {"risk_object": "joe", "risk_object_type": "user", "risk_score": "40", **common},
        ]

    def test_may_name_one_object(self, splunk: Splunkd) -> None:
        one = "param._risk_object=user param._risk_object_type=user param._risk_score=7"
        splunk.search(f"{ROW} | sendalert risk {one}")
        rows = splunk.search("search index=risk | table risk_object risk_score risk_message")
        assert rows == [
            {"risk_object": "joe", "risk_score": "7", "risk_message": "A risk was noted"}
        ]
        assert [each.action for each in splunk.alerts] == ["risk"]


class TestNotable:
    def test_has_the_fields_of_its_row(self, splunk: Splunkd) -> None:
        splunk.search(f'{ROW} | sendalert notable param.rule_title="$user$ at $src$"')
        [notable] = splunk.notables
        assert notable["rule_title"] == "joe at 10.0.0.1"
        assert (notable["user"], notable["src"], notable["history"]) == ("joe", "10.0.0.1", [])
        assert notable["search_name"] == "sendalert"
