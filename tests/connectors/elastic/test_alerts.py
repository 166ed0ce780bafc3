"""What an analyst says in Kibana, as verdicts; and what never becomes a model's input."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_elastic.alerts import space_of
from tests.connectors.elastic.alerts import AlertSite, alert, closed
from tests.connectors.search.sites import pages

AT = "2026-01-05T08:00:00Z"


def said(site: AlertSite, **options: Any) -> dict[str, list[tuple[str, bool]]]:
    return {
        each.uid.partition("/")[2]: [(v.value, v.automated) for v in each.verdicts]
        for each in site.pull(**options)
    }


class TestClosingReason:
    def test_is_a_verdict_with_analyst_and_time(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x", **closed("true_positive", at="2026-01-06T10:00:00Z")))
        [incident] = site.pull()
        [verdict] = incident.verdicts
        assert verdict.at is not None
        assert verdict.at.isoformat() == "2026-01-06T10:00:00+00:00"
        assert verdict == Verdict("true_positive", "u_ann", verdict.at, "true_positive")

    def test_has_a_verdict_of_its_own(self, site: AlertSite) -> None:
        reasons = ("false_positive", "benign_positive", "duplicate", "other", "Pentest")
        site.plant(**{reason: alert(AT, "x", **closed(reason)) for reason in reasons})
        assert said(site) == {
            "false_positive": [("false_positive", False)],
            "benign_positive": [("benign_positive", False)],
            "duplicate": [("undetermined", False)],
            "other": [("undetermined", False)],
            "Pentest": [("Pentest", False)],
        }

    def test_is_mapped_by_the_configuration(self, site: AlertSite) -> None:
        site.plant(
            a=alert(AT, "x", **closed("Pentest")),
            b=alert(AT, "x", **{"kibana.alert.workflow_tags": ["PHISH", "vip"]}),
        )
        source = {"kind": "alerts", "reasons": {"Pentest": "benign"}, "tags": {"phish": "phishing"}}
        assert said(site, sources=[source]) == {
            "a": [("benign", False)],
            "b": [("phishing", False)],
        }

    def test_without_a_person_is_marked_automated(self, site: AlertSite) -> None:
        site.plant(
            nobody=alert(AT, "x", **closed("true_positive", user=None)),
            machine=alert(AT, "x", **closed("automated_closure", user="u_flow")),
        )
        assert said(site) == {
            "nobody": [("true_positive", True)],
            "machine": [("false_positive", True)],
        }


class TestTag:
    def test_is_a_verdict_in_any_status(self, site: AlertSite) -> None:
        tagged = {"kibana.alert.workflow_tags": ["vip", "False Positive"]}
        site.plant(a=alert(AT, "x", **tagged), b=alert(AT, "x", **closed("true_positive") | tagged))
        assert said(site) == {
            "a": [("false_positive", False)],
            "b": [("true_positive", False), ("false_positive", False)],
        }

    def test_set_later_is_found_next_time(self, site: AlertSite) -> None:
        """It moves no timestamp: the whole window is read again."""
        site.plant(a=alert(AT, "x"), b=alert(AT, "y", **closed("true_positive")))
        assert site.names(site.pull()) == ["b"]
        tags = {"tags_to_add": ["True Positive"], "tags_to_remove": []}
        site.kibana.set_tags(site.space, {"ids": ["a"], "tags": tags})
        assert sorted(site.names(site.pull())) == ["a", "b"]


class TestStatus:
    def test_reopened_means_no_verdict(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x"))
        site.kibana.close(site.space, ["a"], "true_positive")
        assert site.names(site.pull()) == ["a"]
        site.kibana.set_status(site.space, {"signal_ids": ["a"], "status": "open"}, "u_ann")
        assert site.pull() == []
        assert site.names(site.pull(labelled=False)) == ["a"]

    def test_closed_without_a_verdict_is_left_out(
        self,
        site: AlertSite,
    ) -> None:
        site.plant(a=alert(AT, "x", **closed(None)))
        assert site.pull(labelled=True) == []
        assert site.pull(labelled=False) == []
        assert site.names(site.pull(labelled=None)) == ["a"]


class TestSource:
    def test_leaves_building_blocks_out(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x", **{"kibana.alert.building_block_type": "default"}))
        assert site.pull(labelled=None) == []

    def test_may_be_limited_by_a_query(self, site: AlertSite) -> None:
        mine = {"kibana.alert.rule.name": "Mine"}
        site.plant(a=alert(AT, "x"), b=alert(AT, "x", **mine))
        source = {"kind": "alerts", "query": {"term": mine}}
        assert site.names(site.pull(None, sources=[source])) == ["b"]


class TestFields:
    def test_are_equal_flat_and_nested(self, site: AlertSite) -> None:
        site.plant(
            nested=alert(AT, "x", process={"command_line": "whoami"}),
            flat=alert(AT, "x", **{"process.command_line": "whoami"}),
        )
        window = PullWindow(fields=("process.command_line",))
        found = [i for page in pages(site.connect(), window) for i in page.incidents]
        assert [dict(each.fields) for each in found] == [{"process.command_line": "whoami"}] * 2

    def test_of_one_value_are_no_lists(self, site: AlertSite) -> None:
        fields = {"process.args": ["a", "b"], "process.title": ["x"], "threat": {"e": [{"f": 1}]}}
        site.plant(a=alert(AT, "x", **fields))
        window = PullWindow(fields=("process.args", "process.title", "threat.e"))
        [incident] = [i for page in pages(site.connect(), window) for i in page.incidents]
        assert dict(incident.fields) == {
            "process.args": ["a", "b"],
            "process.title": "x",
            "threat.e": [{"f": 1}],
        }

    def test_hold_no_workflow_tag_or_case(self, site: AlertSite) -> None:
        private = {"kibana.alert.case_ids": ["c"], "tags": ["t"], "kibana.alert.workflow_note": "n"}
        site.plant(a=alert(AT, "x", **closed("true_positive"), **private))
        [incident] = site.pull()
        assert sorted(incident.fields) == [
            "@timestamp", "event.kind", "kibana.alert.rule.name", "message",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "name", ["kibana.alert.workflow_reason", "kibana.alert.case_ids", "tags", "sftsec.label"]
    )
    def test_refuse_a_task_that_reads_verdicts(self, site: AlertSite, name: str) -> None:
        with pytest.raises(ConnectorError, match="what analysts said"):
            pages(site.connect(), PullWindow(fields=("message", name)))


class TestSpaceOf:
    @pytest.mark.parametrize(
        ("index", "space"),
        [
            (".internal.alerts-security.alerts-default-000001", "default"),
            (".alerts-security.alerts-team-blue", "team-blue"),
            (".reindexed-v8-internal.alerts-security.alerts-a_b-000012", "a_b"),
            (".alerts-security.alerts-*", None),
            ("logs-mail", None),
        ],
    )
    def test_is_told_by_the_name(self, index: str, space: str | None) -> None:
        assert space_of(index) == space
