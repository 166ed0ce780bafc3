"""What Kibana asks of saved objects and the validator does not look at."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.packaging.elastic.parts import (
    Json,
    charts,
    layer_of,
    opened,
    panels,
    saved_objects,
)

TYPES = {
    "dashboard": "dashboard",
    "search": "search",
    "index_pattern": "index-pattern",
    "security_rule": "security-rule",
}
OBJECTS = saved_objects()
DASHBOARDS = saved_objects("dashboard")
CHARTS = dict(charts())


def inner_json(value: Any) -> Any:
    if isinstance(value, dict):
        for name, each in value.items():
            if name.endswith("JSON"):
                yield name, each
            yield from inner_json(each)
    elif isinstance(value, list):
        for each in value:
            yield from inner_json(each)


def overlap(one: Json, other: Json) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size]
        for at, size in (("x", "w"), ("y", "h"))
    )


def shown_columns(chart: Json) -> list[str]:
    state = chart["state"]["visualization"]
    if chart["visualizationType"] == "lnsMetric":
        return [state["metricAccessor"]]
    if chart["visualizationType"] == "lnsDatatable":
        return [each["columnId"] for each in state["columns"]]
    assert chart["visualizationType"] == "lnsXY"
    (layer,) = state["layers"]
    split = [layer["splitAccessor"]] if "splitAccessor" in layer else []
    return [layer["xAccessor"], *split, *layer["accessors"]]


def all_parts(column: Json, columns: Json) -> set[str]:
    direct = set(column.get("references", []))
    return direct.union(*(all_parts(columns[each], columns) for each in direct))


class TestPackage:
    def test_has_what_was_asked_for(self) -> None:
        assert {opened(each)["attributes"]["title"] for each in DASHBOARDS.values()} == {
            "[sftsec] Model health",
            "[sftsec] Labelling",
        }
        titles = {each["attributes"]["title"] for each in saved_objects("search").values()}
        assert "[sftsec] Needs a label" in titles


class TestAsset:
    @pytest.mark.parametrize("path", OBJECTS)
    def test_has_the_type_of_its_folder(self, path: str) -> None:
        """Kibana passes over one that has not, without a word."""
        assert OBJECTS[path]["type"] == TYPES[PurePosixPath(path).parent.name]
        assert OBJECTS[path]["id"] == PurePosixPath(path).stem

    @pytest.mark.parametrize("path", OBJECTS)
    def test_holds_inner_json_as_text(self, path: str) -> None:
        found = list(inner_json(OBJECTS[path]))
        assert all(isinstance(value, str) for _, value in found), [name for name, _ in found]
        assert all(isinstance(json.loads(value), dict | list) for _, value in found)
        expected = {"dashboard": {"panelsJSON", "optionsJSON", "searchSourceJSON"}}
        expected["search"] = {"searchSourceJSON"}
        assert {n for n, _ in found} == expected.get(PurePosixPath(path).parent.name, set())

    @pytest.mark.parametrize("path", OBJECTS)
    def test_refers_only_to_this_package(self, path: str) -> None:
        """Data views too, which the validator takes on trust."""
        known = {(each["type"], each["id"]) for each in OBJECTS.values()}
        references = OBJECTS[path].get("references", [])
        assert {(each["type"], each["id"]) for each in references} <= known
        names = [each["name"] for each in references]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("path", OBJECTS)
    def test_has_every_reference_that_it_names(self, path: str) -> None:
        saved = opened(OBJECTS[path])
        names = {each["name"] for each in saved.get("references", [])}
        source = saved["attributes"].get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", {})
        wanted = {source["indexRefName"]} if "indexRefName" in source else set()
        wanted |= {each["meta"]["indexRefName"] for each in source.get("filter", [])}
        for panel in panels(saved) if saved["type"] == "dashboard" else []:
            prefix = panel["panelIndex"]
            inner = panel["embeddableConfig"].get("attributes", {}).get("references", [])
            wanted |= {f"{prefix}:{each['name']}" for each in inner}
            wanted |= {f"{prefix}:{panel['panelRefName']}"} if "panelRefName" in panel else set()
        assert wanted == names


class TestDashboard:
    @pytest.mark.parametrize("path", DASHBOARDS)
    def test_has_a_filter_and_a_time(self, path: str) -> None:
        attributes = opened(DASHBOARDS[path])["attributes"]
        assert len(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"]) == 1
        assert attributes["timeRestore"] is True
        assert attributes["timeFrom"].startswith("now-")

    @pytest.mark.parametrize("path", DASHBOARDS)
    def test_has_panels_beside_each_other(self, path: str) -> None:
        found = panels(DASHBOARDS[path])
        places = {each["panelIndex"]: each["gridData"] for each in found}
        assert len(places) == len(found), "two panels of one name"
        assert all(each["i"] == name for name, each in places.items())
        assert all(each["x"] + each["w"] <= 48 for each in places.values())
        assert [pair for pair in combinations(places, 2) if overlap(*map(places.get, pair))] == []  # type: ignore[arg-type]

    @pytest.mark.parametrize("path", DASHBOARDS)
    def test_holds_only_charts_of_lens(self, path: str) -> None:
        for panel in panels(DASHBOARDS[path]):
            assert panel["type"] in {"lens", "search", "visualization"}
            if panel["type"] == "lens":
                assert "panelRefName" not in panel
            if panel["type"] == "visualization":
                assert panel["embeddableConfig"]["savedVis"]["type"] == "markdown"


class TestChart:
    @pytest.mark.parametrize("name", CHARTS)
    def test_shows_columns_of_its_layer(self, name: str) -> None:
        chart = CHARTS[name]
        columns = layer_of(chart)["columns"]
        assert sorted(layer_of(chart)["columnOrder"]) == sorted(columns)
        (layer_id,) = chart["state"]["datasourceStates"]["formBased"]["layers"]
        assert chart["references"][0]["name"] == f"indexpattern-datasource-layer-{layer_id}"
        shown = shown_columns(chart)
        assert set(shown) <= set(columns)
        parts = {part for column in columns.values() for part in all_parts(column, columns)}
        assert set(columns) - set(shown) == parts, "a column that is neither shown nor a part"

    @pytest.mark.parametrize("name", CHARTS)
    def test_orders_buckets_as_lens_can(self, name: str) -> None:
        layer = layer_of(CHARTS[name])
        kinds = [layer["columns"][each]["isBucketed"] for each in layer["columnOrder"]]
        assert kinds == sorted(kinds, reverse=True)
        for column in layer["columns"].values():
            if column["operationType"] == "terms":
                order = column["params"]["orderBy"]
                by = (
                    column["params"]["orderAgg"]
                    if order["type"] == "custom"
                    else layer["columns"][order["columnId"]]
                )
                assert by["operationType"] in {"count", "max"}
                assert "filter" not in by

    @pytest.mark.parametrize("name", CHARTS)
    def test_writes_formulas_as_kibana_saves_them(self, name: str) -> None:
        columns = layer_of(CHARTS[name])["columns"]
        for column_id, column in columns.items():
            if column["operationType"] != "formula":
                continue
            (math,) = column["references"]
            tree = columns[math]["params"]["tinymathAst"]
            assert tree["text"] == column["params"]["formula"]
            assert tree["location"] == {"min": 0, "max": len(tree["text"])}
            assert (
                tree["args"] == columns[math]["references"] == [f"{column_id}X0", f"{column_id}X1"]
            )
            for part in tree["args"]:
                assert f"count(kql='{columns[part]['filter']['query']}')" in tree["text"]
                assert "'" not in columns[part]["filter"]["query"]
