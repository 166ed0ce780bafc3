"""Descriptions of saved objects: what they are written as, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sftsec_core.packages.saved_objects import SavedObjects

DESCRIBED = """
index_patterns: {detections: logs-x-*}
searches:
  newest: {title: Newest, description: All, view: detections, columns: [message]}
dashboards:
  health:
    title: Health
    description: How it is
    panels:
      - {title: Read this, at: [0, 0, 48, 4], markdown: "Some *words*"}
      - title: A day
        at: [0, 4, 48, 8]
        view: detections
        chart: bar
        query: "a:b"
        by: [{op: date, interval: d}, {op: terms, field: task, label: Task}]
        show: [{op: count, label: All}, {op: avg, field: p, label: Mean}]
      - {title: List, at: [0, 12, 48, 8], search: newest}
"""


def written(text: str = DESCRIBED) -> list[dict[str, Any]]:
    lines = SavedObjects.model_validate(yaml.safe_load(text)).ndjson("x").splitlines()
    return [json.loads(line) for line in lines]


class TestNdjson:
    def test_has_what_is_referred_to_first(self) -> None:
        assert [(each["type"], each["id"]) for each in written()] == [
            ("index-pattern", "x-detections"),
            ("search", "x-newest"),
            ("visualization", "x-health-read-this"),
            ("visualization", "x-health-a-day"),
            ("dashboard", "x-health"),
        ]

    def test_writes_inner_json_as_strings(self) -> None:
        *_, chart, dashboard = written()
        state = json.loads(chart["attributes"]["visState"])
        assert state["type"] == "histogram"
        assert [each["data"]["label"] for each in state["params"]["seriesParams"]] == [
            "All",
            "Mean",
        ]
        source = json.loads(chart["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        assert source["query"] == {"query": "a:b", "language": "lucene"}
        panels = json.loads(dashboard["attributes"]["panelsJSON"])
        assert [panel["panelRefName"] for panel in panels] == ["panel_0", "panel_1", "panel_2"]
        assert [each["type"] for each in dashboard["references"]] == [
            "visualization",
            "visualization",
            "search",
        ]

    def test_note_reads_no_index(self) -> None:
        note = written()[2]
        assert note["references"] == []
        assert "indexRefName" not in note["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]


class TestDescription:
    @pytest.mark.parametrize(
        ("right", "wrong", "said"),
        [
            ("        view: detections", "        view: detectoins", "mean 'detections'"),
            ("search: newest}", "search: newst}", "mean 'newest'"),
            ("  newest: {", "  detections: {", "two objects have the name 'detections'"),
            ("title: A day", "title: Read this", "two objects have the name 'health-read-this'"),
            ("chart: bar", "chart: pie", "'metric', 'table', 'bar' or 'line'"),
            ("op: avg", "op: median", "'cardinality'"),
            ("markdown:", "markdwon:", "markdwon"),
        ],
    )
    def test_that_is_wrong_names_what_is_allowed(self, right: str, wrong: str, said: str) -> None:
        assert right in DESCRIBED
        text = DESCRIBED.replace(right, wrong)
        if wrong == "  detections: {":
            text = text.replace("search: newest}", "search: detections}")
        with pytest.raises(ValidationError, match=said):
            written(text)
