"""The events of an EQL sequence are read from its building blocks."""

from __future__ import annotations

from typing import Any

from sftsec_core.api.domain import Detection, Incident, PullWindow
from sftsec_core.sdk.errors import TooLargeError
from sftsec_core.sdk.window import utc_now
from sftsec_elastic.blocks import GROUP, BlockReader, joined_fields
from sftsec_search.detections import document_of
from sftsec_search.own import sealed
from tests.connectors.elastic.alerts import AlertSite, closed
from tests.connectors.elastic.rule_types import sequence
from tests.connectors.search.sites import OWNERSHIP, incidents, pages


def judged(name: str, text: str) -> dict[str, dict[str, Any]]:
    made = sequence(name, text)
    made[name] |= closed("true_positive")
    return made


def block(group: str, index: int, **fields: Any) -> dict[str, Any]:
    return {GROUP: group, "kibana.alert.group.index": index, **fields}


class TestSequence:
    def test_has_the_fields_of_its_events(self, site: AlertSite) -> None:
        site.plant(**judged("a", "one"), **judged("b", "two"))
        by_name = {each.uid.partition("/")[2]: each.fields for each in site.pull()}
        assert by_name.keys() == {"a", "b"}
        assert by_name["b"]["process.command_line"] == "start two\nthen two"
        assert by_name["a"]["event.action"] == "exec"
        assert not any("building_block" in name for name in by_name["a"])

    def test_brings_the_wanted_fields_only(self, site: AlertSite) -> None:
        site.plant(**judged("a", "one"))
        window = PullWindow(labelled=True, fields=("process.command_line", "host.name"))
        [incident] = incidents(pages(site.connect(), window))
        assert dict(incident.fields) == {
            "process.command_line": "start one\nthen one",
            "host.name": "srv-1",
        }

    def test_is_whole_where_a_detection_names_it(self, site: AlertSite) -> None:
        """A verdict on a detection goes to the event that it is about, here a sequence."""
        site.plant(**sequence("a", "one"))
        made = Detection("d" * 40, f"{site.index}/a", "t", "m" * 64, "attack", 0.9, 0.5)
        document = document_of(made, namespace=site.site.token, now=utc_now())
        ancestors = {"kibana.alert.ancestors": [{"id": made.uid, "index": site.site.stream}]}
        detection = sequence("of-a", "x")["of-a"] | sealed(document, OWNERSHIP) | ancestors
        detection |= closed("true_positive")
        del detection[GROUP]
        site.plant(**{"of-a": detection})
        found: list[Incident] = site.pull()
        assert [each.fields["process.command_line"] for each in found] == ["start one\nthen one"]


class TestBlockReader:
    def test_asks_again_for_what_is_too_large(self) -> None:
        asked = []

        def search(body: Any) -> dict[str, Any]:
            groups = body["query"]["bool"]["filter"][0]["terms"][GROUP]
            asked.append(groups)
            if len(groups) > 1 or groups == ["large"]:
                raise TooLargeError("x")
            hits = [{"_id": f"{index}", "_source": block(groups[0], index)} for index in (10, 9)]
            return {"hits": {"hits": hits}}

        found = BlockReader(search, (), 8)(["a", "large", "b", "a"])
        assert {group: [each["kibana.alert.group.index"] for each in blocks]
                for group, blocks in found.items()} == {"a": [9, 10], "b": [9, 10]}  # fmt: skip
        assert asked[0] == ["a", "b", "large"]


class TestJoinedFields:
    def test_keep_what_the_alert_has(self) -> None:
        blocks = [block("g", 0, host="x", a="1"), block("g", 1, host="y", a="1")]
        assert joined_fields({"host": "z"}, blocks, (), lambda _name: False) == {"a": "1"}

    def test_join_lists_and_leave_empty_out(self) -> None:
        first: dict[str, Any] = {"c": ["p"], "d": ""}
        blocks = [first, {"c": ["p", "q"], "d": None}, {"n": 0}]
        found = joined_fields({}, blocks, ("c", "d", "n"), lambda _name: False)
        assert found == {"c": "p\nq", "n": 0}

    def test_hold_nothing_that_is_private(self) -> None:
        block = {"tags": ["vip"], "kibana.alert.workflow_user": "u", "a": "1"}
        assert joined_fields({}, [block], (), lambda name: name == "tags") == {"a": "1"}
