"""The saved objects: what Dashboards stores of them, and what they find in a real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.connectors.search.sites import Site
from tests.packaging.opensearch.parts import (
    Json,
    aggregations_of,
    charts,
    fields_of,
    pattern_of,
    query_of,
    saved_objects,
    source_of,
)

OBJECTS = saved_objects()
SEARCHES = saved_objects("search")
DASHBOARDS = saved_objects("dashboard")
CHARTS = dict(charts())
_TEXT: Json = {"type": "text", "index": False}
_KEYWORD: Json = {"type": "keyword", "index": False, "doc_values": False}
_NUMBER: Json = {"type": "integer"}
_META: Json = {"properties": {"searchSourceJSON": _TEXT}}
_COMMON: Json = {"title": {"type": "text"}, "description": {"type": "text"}, "version": _NUMBER}
# What Dashboards 2 and 3 map of each type; its index refuses all else.
MAPPED: dict[str, Json] = {
    "index-pattern": {"title": {"type": "text"}, "timeFieldName": _KEYWORD, "fields": _TEXT},
    "search": {
        **_COMMON,
        "hits": _NUMBER,
        "columns": _KEYWORD,
        "sort": _KEYWORD,
        "kibanaSavedObjectMeta": _META,
    },
    "visualization": {
        **_COMMON,
        "uiStateJSON": _TEXT,
        "visState": _TEXT,
        "savedSearchRefName": _KEYWORD,
        "kibanaSavedObjectMeta": _META,
    },
    "dashboard": {
        **_COMMON,
        "hits": _NUMBER,
        "optionsJSON": _TEXT,
        "panelsJSON": _TEXT,
        "timeRestore": {"type": "boolean"},
        "timeFrom": _KEYWORD,
        "timeTo": _KEYWORD,
        "kibanaSavedObjectMeta": _META,
    },
}
_REFERENCE = {"name": {"type": "keyword"}, "type": {"type": "keyword"}, "id": {"type": "keyword"}}


def found(answer: Json, way: list[str]) -> Iterator[Any]:
    """The results at the end of a way through aggregations."""
    if len(way) == 1:
        yield answer[way[0]]["value"] if way[0] else answer["doc_count"]
        return
    for bucket in answer[way[0]]["buckets"]:
        yield from found(bucket, way[1:])


class TestImport:
    def test_is_stored_as_dashboards_stores_it(self, site: Site) -> None:
        types = {kind: {"properties": fields} for kind, fields in MAPPED.items()}
        envelope = {
            "type": {"type": "keyword"},
            "references": {"type": "nested", "properties": _REFERENCE},
            "migrationVersion": {"type": "object", "dynamic": True},
        }
        index = site.name("kibana")
        site.make_index(index, {"dynamic": "strict", "properties": {**envelope, **types}})
        stored = {
            f"{each['type']}:{id_}": {
                "type": each["type"],
                each["type"]: each["attributes"],
                "references": each["references"],
                "migrationVersion": each["migrationVersion"],
            }
            for id_, each in OBJECTS.items()
        }
        site.plant(index, stored)
        assert len(site.documents(index)) == len(OBJECTS)

    @pytest.mark.parametrize("id_", OBJECTS)
    def test_refers_to_objects_of_the_file(self, id_: str) -> None:
        saved, order = OBJECTS[id_], list(OBJECTS)
        assert id_.startswith("sftsec-")
        named = {each["name"] for each in saved["references"]}
        assert len(named) == len(saved["references"])
        for each in saved["references"]:
            assert OBJECTS[each["id"]]["type"] == each["type"]
            assert order.index(each["id"]) < order.index(id_)
        if saved["type"] == "dashboard":
            panels = json.loads(saved["attributes"]["panelsJSON"])
            assert {panel["panelRefName"] for panel in panels} == named
        elif saved["type"] != "index-pattern":
            assert {source_of(saved).get("indexRefName")} - {None} == named


class TestDashboard:
    @pytest.mark.parametrize("id_", DASHBOARDS)
    def test_has_panels_side_by_side(self, id_: str) -> None:
        places = [
            panel["gridData"] for panel in json.loads(DASHBOARDS[id_]["attributes"]["panelsJSON"])
        ]
        assert all(place["x"] + place["w"] <= 48 for place in places)
        for one, other in combinations(places, 2):
            beside = (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
            assert beside, (one, other)


class TestSearch:
    @pytest.mark.parametrize("id_", SEARCHES)
    def test_finds_documents_with_its_columns(
        self, id_: str, site: Site, index_of: Callable[[str], str]
    ) -> None:
        saved = SEARCHES[id_]
        attributes, index = saved["attributes"], index_of(pattern_of(saved))
        sort = [{field: {"order": order}} for field, order in attributes["sort"]]
        body = {"query": query_of(saved), "sort": sort}
        answer = site.call("POST", f"/{index}/_search", body)
        assert answer["hits"]["hits"]
        assert answer["_shards"]["failed"] == 0
        known = site.call("GET", f"/{index}/_field_caps?fields=*")["fields"]
        assert [name for name in attributes["columns"] if name not in known] == []


class TestChart:
    @pytest.mark.parametrize("id_", CHARTS)
    def test_has_figures_for_our_documents(
        self, id_: str, site: Site, index_of: Callable[[str], str]
    ) -> None:
        saved, state = OBJECTS[id_], CHARTS[id_]
        index = index_of(pattern_of(saved))
        asked, ways = aggregations_of(state)
        body = {"size": 0, "query": query_of(saved), "aggs": asked, "track_total_hits": True}
        answer = site.call("POST", f"/{index}/_search", body)
        assert answer["_shards"]["failed"] == 0
        top = {**answer.get("aggregations", {}), "doc_count": answer["hits"]["total"]["value"]}
        for way in ways:
            figures = list(found(top, way))
            assert figures
            assert all(figures), figures
        known = site.call("GET", f"/{index}/_field_caps?fields=*")["fields"]
        for field in fields_of(state):
            assert all(kind["aggregatable"] for kind in known[field].values()), field

    def test_of_verdicts_counts_those_on_detections(
        self, site: Site, index_of: Callable[[str], str]
    ) -> None:
        saved = OBJECTS["sftsec-model-health-verdicts-on-detections"]
        answer = site.call(
            "POST", f"/{index_of(pattern_of(saved))}/_search", {"query": query_of(saved)}
        )
        [hit] = answer["hits"]["hits"]
        assert hit["_source"]["verdict"] == "false_positive"
