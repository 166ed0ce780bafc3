"""The built package, read for tests: its saved objects, and what each asks of the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sftsec_core.packages.opensearch import OBJECTS, OpenSearchPackage, build_opensearch_package

Json = dict[str, Any]


@cache
def package() -> OpenSearchPackage:
    """The package, built once."""
    return build_opensearch_package()


def json_of(path: str) -> Json:
    """One JSON file of the package."""
    found: Json = json.loads(package().files[path])
    return found


def saved_objects(kind: str = "") -> dict[str, Json]:
    """The saved objects of a kind, or all, by their ids."""
    lines = [json.loads(line) for line in package().files[OBJECTS].splitlines()]
    return {each["id"]: each for each in lines if kind in ("", each["type"])}


def source_of(saved: Json) -> Json:
    """What a search or a chart asks: the query, and which reference it reads."""
    found: Json = json.loads(saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return found


def query_of(saved: Json) -> Json:
    """The query as Dashboards sends it."""
    query = source_of(saved)["query"]
    assert query["language"] == "lucene"
    if not query["query"]:
        return {"match_all": {}}
    return {"query_string": {"query": query["query"], "analyze_wildcard": True}}


def pattern_of(saved: Json) -> str:
    """The index pattern that a search or a chart reads."""
    (reference,) = saved["references"]
    return str(saved_objects("index-pattern")[reference["id"]]["attributes"]["title"])


def charts() -> Iterator[tuple[str, Json]]:
    """Every chart that reads something, and its state."""
    for id_, saved in saved_objects("visualization").items():
        state = json.loads(saved["attributes"]["visState"])
        if state["type"] != "markdown":
            yield id_, state


def aggregations_of(state: Json) -> tuple[Json, list[list[str]]]:
    """A chart's aggregations as Dashboards sends them, and where each result then stands.

    Returns:
        The body's `aggs`, and for each figure the names on the way to it.
    """
    metrics = [each for each in state["aggs"] if each["schema"] == "metric"]
    buckets = [each for each in state["aggs"] if each["schema"] != "metric"]
    level: Json = {
        each["id"]: {each["type"]: {"field": each["params"]["field"]}}
        for each in metrics
        if each["type"] != "count"
    }
    for each in reversed(buckets):
        level = {each["id"]: {each["type"]: _sent(each, metrics), "aggs": level}}
    way = [each["id"] for each in buckets]
    return level, [[*way, each["id"] if each["type"] != "count" else ""] for each in metrics]


def _sent(bucket: Json, metrics: list[Json]) -> Json:
    params = bucket["params"]
    if bucket["type"] == "date_histogram":
        return {"field": params["field"], "calendar_interval": f"1{params['interval']}"}
    by = params["orderBy"]
    counted = [each["id"] for each in metrics if each["type"] == "count"]
    order = {"_count" if by in counted else by: params["order"]}
    return {"field": params["field"], "size": params["size"], "order": order}


def fields_of(state: Json) -> set[str]:
    """The fields that a chart aggregates."""
    return {each["params"]["field"] for each in state["aggs"] if "field" in each["params"]}
