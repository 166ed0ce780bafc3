"""The built package, read for tests: its files, fields, saved objects, and what a query names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from sftsec_core.packages.elastic import ElasticPackage, build_package

Json = dict[str, Any]
STREAMS = ("detections", "audit")


@cache
def package() -> ElasticPackage:
    """The package, built once."""
    return build_package()


def text_of(path: str) -> str:
    """One file of the package."""
    return package().files[path].decode()


def yaml_of(path: str) -> Any:
    """One YAML file of the package."""
    return yaml.safe_load(text_of(path))


def saved_objects(kind: str = "*") -> dict[str, Json]:
    """The saved objects of a folder below `kibana/`, or all, by path; inner JSON still strings."""
    start = "kibana/" if kind == "*" else f"kibana/{kind}/"
    files = package().files
    return {path: json.loads(files[path]) for path in files if path.startswith(start)}


def fields_of(stream: str) -> dict[str, Json]:
    """The fields of a data stream by their dotted names."""
    found: dict[str, Json] = {}
    for path in sorted(package().files):
        if path.startswith(f"data_stream/{stream}/fields/"):
            for field in yaml_of(path):
                assert field["name"] not in found, field["name"]
                found[field["name"]] = field
    return found


def opened(saved: Json) -> Json:
    """A saved object with the JSON inside its JSON parsed."""
    result: Json = json.loads(json.dumps(saved), object_hook=_parse_inner)
    return result


def _parse_inner(value: Json) -> Json:
    return {
        name: json.loads(each, object_hook=_parse_inner)
        if name.endswith("JSON") and isinstance(each, str)
        else each
        for name, each in value.items()
    }


def panels(saved: Json) -> list[Json]:
    """The panels of a dashboard."""
    found: list[Json] = opened(saved)["attributes"]["panelsJSON"]
    return found


def charts() -> Iterator[tuple[str, Json]]:
    """Every Lens panel of every dashboard, with a name to show."""
    for path, saved in saved_objects("dashboard").items():
        for panel in panels(saved):
            if panel["type"] == "lens":
                yield f"{path}: {panel['title']}", panel["embeddableConfig"]["attributes"]


def layer_of(chart: Json) -> Json:
    """The one layer of a chart."""
    (layer,) = chart["state"]["datasourceStates"]["formBased"]["layers"].values()
    found: Json = layer
    return found


def view_of(chart: Json) -> str:
    """The data view that a chart reads, without the package's prefix."""
    (reference,) = chart["references"]
    return str(reference["id"]).removeprefix("sftsec-")


def columns_with_fields(chart: Json) -> dict[str, Json]:
    """The columns that read a field."""
    columns: Mapping[str, Json] = layer_of(chart)["columns"]
    return {n: c for n, c in columns.items() if c.get("sourceField", "___") != "___records___"
            and "sourceField" in c}  # fmt: skip


def queries_of(chart: Json) -> list[str]:
    """Every query in KQL that a chart holds."""
    found = [chart["state"]["query"]["query"]]
    for column in layer_of(chart)["columns"].values():
        found += [column["filter"]["query"]] if "filter" in column else []
        found += [each["input"]["query"] for each in column["params"].get("filters", [])]
    return [query for query in found if query]


def fields_in(query: str) -> set[str]:
    """The fields that a query in KQL names."""
    return set(re.findall(r"([\w@.]+)\s*:", re.sub(r'"[^"]*"', '""', query)))


def as_lucene(query: str) -> str:
    """A query in KQL as Lucene's syntax has it: the words that join are in capitals there."""
    parts = re.split(r'("[^"]*")', query)
    return "".join(
        part if part.startswith('"') else re.sub(r"\b(and|or|not)\b", lambda m: m[1].upper(), part)
        for part in parts
    )
