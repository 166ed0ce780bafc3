"""Fields: those of the connector, those that anything here names, and those that are documented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sftsec_core.sdk.records import flatten
from sftsec_elastic.config import NEEDS_LABEL, TAGS
from sftsec_search.fields import AUDIT_FIELDS, DETECTION_FIELDS, Field
from tests.packaging.elastic.parts import (
    STREAMS,
    charts,
    columns_with_fields,
    fields_in,
    fields_of,
    opened,
    queries_of,
    saved_objects,
    text_of,
    view_of,
    yaml_of,
)

# The package says more precisely what the connector's own template leaves to one type.
AS_PLAIN = {"match_only_text": "text", "constant_keyword": "keyword", "flattened": "object"}
# What Kibana itself puts on an alert and maps; the rest of an alert is the detection's own fields,
# of which those below `sftsec.` are not mapped.
OF_ALERTS = {
    "kibana.alert.building_block_type",
    "kibana.alert.risk_score",
    "kibana.alert.rule.name",
    "kibana.alert.workflow_reason",
    "kibana.alert.workflow_status",
    "kibana.alert.workflow_tags",
    "kibana.alert.workflow_user",
}
CHARTS = dict(charts())
SEARCHES = saved_objects("search")
FILTERS = saved_objects("dashboard")


def known(view: str) -> set[str]:
    """The fields that may be named where a data view is read."""
    if view != "alerts":
        return set(fields_of(view))
    return OF_ALERTS | {n for n in fields_of("detections") if not n.startswith("sftsec.")}


def leaves(document: Mapping[str, Any]) -> set[str]:
    """Dotted names; a list of objects counts as its members."""
    found: set[str] = set()
    for name, value in flatten(document, 10).items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found |= {f"{name}.{inner}" for each in value for inner in each}
        else:
            found.add(name)
    return found


class TestStreamField:
    @pytest.mark.parametrize(
        ("stream", "written"), [("detections", DETECTION_FIELDS), ("audit", AUDIT_FIELDS)]
    )
    def test_is_the_connectors_with_its_type(self, stream: str, written: tuple[Field, ...]) -> None:
        ours = fields_of(stream)
        for field in written:
            assert field.name in ours, field.name
            kind = ours[field.name]["type"]
            assert AS_PLAIN.get(kind, kind) == field.type, field.name
        own = {name for name in ours if name.startswith("sftsec.")}
        assert own == {each.name for each in written if each.name.startswith("sftsec.")}

    def test_of_the_source_is_not_indexed(self) -> None:
        field = fields_of("detections")["sftsec.source.fields"]
        assert (field["type"], field["enabled"]) == ("object", False)

    @pytest.mark.parametrize("stream", STREAMS)
    def test_holds_the_constants_of_the_stream(self, stream: str) -> None:
        fields = fields_of(stream)
        assert fields["event.module"]["value"] == "sftsec"
        assert fields["event.dataset"]["value"] == f"sftsec.{stream}"
        assert yaml_of(f"data_stream/{stream}/manifest.yml")["type"] == "logs"
        assert yaml_of(f"data_stream/{stream}/manifest.yml")["title"]

    @pytest.mark.parametrize("stream", STREAMS)
    def test_of_the_sample_is_declared(self, stream: str) -> None:
        sample = json.loads(text_of(f"data_stream/{stream}/sample_event.json"))
        fields = fields_of(stream)
        opaque = {n for n, f in fields.items() if f["type"] in {"object", "flattened"}}
        named = {
            name
            for name in leaves(sample)
            if not any(name.startswith(f"{each}.") for each in opaque)
        }
        assert named <= set(fields)
        assert sample["data_stream"]["dataset"] == f"sftsec.{stream}"

    @pytest.mark.parametrize(
        ("stream", "heading"), [("detections", "Detections"), ("audit", "Audit log")]
    )
    def test_is_documented_as_in_the_package(self, stream: str, heading: str) -> None:
        section = text_of("docs/README.md").split(f"\n### {heading}\n")[1].split("\n#")[0]
        rows = re.findall(r"^\| `([^`]+)` \| (\S+) \| (.+) \|$", section, flags=re.MULTILINE)
        fields = fields_of(stream)
        assert rows == [(n, fields[n]["type"], fields[n]["description"]) for n, _, _ in rows]
        own = {name for name in fields if name.startswith("sftsec.")}
        assert own <= {name for name, _, _ in rows}


class TestNamedField:
    @pytest.mark.parametrize("name", CHARTS)
    def test_of_a_chart_is_in_its_view(self, name: str) -> None:
        chart = CHARTS[name]
        named = {column["sourceField"] for column in columns_with_fields(chart).values()}
        for query in queries_of(chart):
            named |= fields_in(query)
        assert named <= known(view_of(chart))

    @pytest.mark.parametrize("path", SEARCHES)
    def test_of_a_search_is_in_its_view(self, path: str) -> None:
        saved = opened(SEARCHES[path])
        attributes = saved["attributes"]
        named = set(attributes["columns"]) | {field for field, _ in attributes["sort"]}
        query = attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["query"]["query"]
        view = saved["references"][0]["id"].removeprefix("sftsec-")
        assert named | fields_in(query) <= known(view)

    @pytest.mark.parametrize("path", FILTERS)
    def test_of_a_filter_is_in_every_view(self, path: str) -> None:
        (found,) = opened(FILTERS[path])["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"][
            "filter"
        ]
        views = {view_of(chart) for name, chart in CHARTS.items() if name.startswith(path)}
        for view in views:
            assert found["meta"]["key"] in known(view)

    def test_of_a_chart_is_in_all_versions(self) -> None:
        """Before 9.2 there is no `workflow_reason`: a query finds nothing, a column is an error."""
        for chart in CHARTS.values():
            named = {column["sourceField"] for column in columns_with_fields(chart).values()}
            assert "kibana.alert.workflow_reason" not in named


class TestVerdicts:
    def test_are_counted_as_the_connector_reads_them(self) -> None:
        for path in FILTERS:
            queries = "\n".join(
                query for n, c in CHARTS.items() if n.startswith(path) for query in queries_of(c)
            )
            for tag, word in TAGS.items():
                assert f"workflow_reason: {word}" in queries
                assert f'"{tag}"' in queries
        saved = json.dumps(SEARCHES["kibana/search/sftsec-needs-label.json"])
        assert NEEDS_LABEL in saved


class TestRetention:
    def test_is_thirty_days_also_without_ilm(self) -> None:
        """Fleet ignores lifecycle.yml where ILM exists, and serverless has no ILM."""
        base = "data_stream/detections"
        assert yaml_of(f"{base}/lifecycle.yml") == {"data_retention": "30d"}
        policy = yaml_of(f"{base}/manifest.yml")["ilm_policy"].removeprefix(
            "logs-sftsec.detections-"
        )
        phases = json.loads(text_of(f"{base}/elasticsearch/ilm/{policy}.json"))["policy"]["phases"]
        assert phases["delete"]["min_age"] == "30d"
