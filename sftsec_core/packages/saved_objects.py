"""Saved objects of OpenSearch Dashboards from a description that fits on a page.

`packaging/opensearch_package/saved_objects.yml` is one. What Dashboards 1 to 3 import are lines of
JSON, an object each: index patterns, searches, charts, and dashboards of these, by reference.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sftsec_core.api.errors import unknown
from sftsec_core.packages.aggregations import (
    TIME,
    BucketAggregation,
    Json,
    MetricAggregation,
    saved_aggregations,
)
from sftsec_core.packages.chart_options import chart_params

_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"
# The versions that these forms have had since OpenSearch Dashboards 1.0.
_MIGRATED = {
    "index-pattern": "7.6.0",
    "search": "7.9.3",
    "visualization": "7.10.0",
    "dashboard": "7.9.3",
}
_PANEL_VERSION = "2.0.0"


class _SavedModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SavedSearch(_SavedModel):
    """A list of documents."""

    title: str
    description: str
    view: str
    query: str = ""
    columns: tuple[str, ...] = Field(min_length=1)

    def saved(self, package: str, name: str) -> Json:
        """The object as Dashboards saves it."""
        attributes = {
            "title": self.title,
            "description": self.description,
            "hits": 0,
            "columns": list(self.columns),
            "sort": [[TIME, "desc"]],
            "version": 1,
            **_source(self.query, reads=True),
        }
        return _object("search", f"{package}-{name}", attributes, [_view(package, self.view)])


class _Placed(_SavedModel):
    title: str
    at: tuple[int, int, int, int]

    @property
    def slug(self) -> str:
        """What identifies the panel; the same each time."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


class SearchPanel(_Placed):
    """A saved search of the package."""

    search: str


class NotePanel(_Placed):
    """A few lines of Markdown."""

    markdown: str

    def state(self) -> Json:
        """The chart's state as Dashboards saves it."""
        params = {"fontSize": 12, "openLinksInNewTab": False, "markdown": self.markdown}
        return {"title": self.title, "type": "markdown", "aggs": [], "params": params}


class ChartPanel(_Placed):
    """A figure, a table, bars or lines."""

    view: str
    chart: Literal["metric", "table", "bar", "line"]
    query: str = ""
    by: tuple[BucketAggregation, ...] = ()
    show: tuple[MetricAggregation, ...] = Field(min_length=1)

    def state(self) -> Json:
        """The chart's state as Dashboards saves it."""
        kind, params = chart_params(self.chart, [each.label for each in self.show])
        aggregations = saved_aggregations(self.by, self.show, table=self.chart == "table")
        return {"title": self.title, "type": kind, "aggs": aggregations, "params": params}


PlacedPanel = Annotated[SearchPanel | NotePanel | ChartPanel, Field(union_mode="smart")]


class SavedDashboard(_SavedModel):
    """A dashboard and the charts on it."""

    title: str
    description: str
    since: str = Field("now-30d", description="Where the time range begins that it opens with.")
    panels: tuple[PlacedPanel, ...] = Field(min_length=1)

    def saved(self, package: str, name: str) -> Iterator[Json]:
        """The charts, then the dashboard, as Dashboards saves them."""
        panels, references = [], []
        for number, panel in enumerate(self.panels):
            kind, id_ = "search", f"{package}-{getattr(panel, 'search', '')}"
            if not isinstance(panel, SearchPanel):
                kind, id_ = "visualization", f"{package}-{name}-{panel.slug}"
                yield _chart(panel, package, id_)
            panels.append(_framed(panel, number))
            references.append({"name": f"panel_{number}", "type": kind, "id": id_})
        attributes = {
            "title": self.title,
            "description": self.description,
            "hits": 0,
            "version": 1,
            "panelsJSON": _text(panels),
            "optionsJSON": _text({"hidePanelTitles": False, "useMargins": True}),
            "timeRestore": True,
            "timeFrom": self.since,
            "timeTo": "now",
            **_source("", reads=False),
        }
        yield _object("dashboard", f"{package}-{name}", attributes, references)


class SavedObjects(_SavedModel):
    """All saved objects of a package, by their names in it."""

    index_patterns: dict[str, str]
    searches: dict[str, SavedSearch]
    dashboards: dict[str, SavedDashboard]

    @model_validator(mode="after")
    def _refuse_unknown_names(self) -> SavedObjects:
        panels = [panel for each in self.dashboards.values() for panel in each.panels]
        views = [p.view for p in panels if isinstance(p, ChartPanel)]
        for view in (*views, *(each.view for each in self.searches.values())):
            if view not in self.index_patterns:
                raise ValueError(unknown("index pattern", view, self.index_patterns))
        for name in (p.search for p in panels if isinstance(p, SearchPanel)):
            if name not in self.searches:
                raise ValueError(unknown("search", name, self.searches))
        return self

    @model_validator(mode="after")
    def _refuse_equal_names(self) -> SavedObjects:
        charts = [
            f"{name}-{panel.slug}"
            for name, each in self.dashboards.items()
            for panel in each.panels
            if not isinstance(panel, SearchPanel)
        ]
        names = Counter((*self.index_patterns, *self.searches, *self.dashboards, *charts))
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"two objects have the name {twice[0]!r}: name one otherwise")
        return self

    def ndjson(self, package: str) -> bytes:
        """Write the file that Dashboards imports: an object a line, what is referred to first.

        Args:
            package: with which the ids of the objects begin.
        """
        made = [
            _object("index-pattern", f"{package}-{name}", {"title": title, "timeFieldName": TIME})
            for name, title in self.index_patterns.items()
        ]
        made += [each.saved(package, name) for name, each in self.searches.items()]
        for name, dashboard in self.dashboards.items():
            made += dashboard.saved(package, name)
        return "".join(f"{_text(each)}\n" for each in made).encode()


def _chart(panel: NotePanel | ChartPanel, package: str, id_: str) -> Json:
    reads = isinstance(panel, ChartPanel)
    query = panel.query if isinstance(panel, ChartPanel) else ""
    attributes = {
        "title": f"[{package}] {panel.title}",
        "description": "",
        "version": 1,
        "uiStateJSON": "{}",
        "visState": _text(panel.state()),
        **_source(query, reads=reads),
    }
    references = [_view(package, panel.view)] if isinstance(panel, ChartPanel) else []
    return _object("visualization", id_, attributes, references)


def _framed(panel: PlacedPanel, number: int) -> Json:
    x, y, width, height = panel.at
    return {
        "version": _PANEL_VERSION,
        "gridData": {"x": x, "y": y, "w": width, "h": height, "i": str(number)},
        "panelIndex": str(number),
        "title": panel.title,
        "embeddableConfig": {"title": panel.title},
        "panelRefName": f"panel_{number}",
    }


def _source(query: str, *, reads: bool) -> Json:
    source: Json = {"query": {"query": query, "language": "lucene"}, "filter": []}
    if reads:
        source["indexRefName"] = _INDEX
    return {"kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)}}


def _view(package: str, view: str) -> Json:
    return {"name": _INDEX, "type": "index-pattern", "id": f"{package}-{view}"}


def _object(kind: str, id_: str, attributes: Json, references: list[Json] | None = None) -> Json:
    return {
        "id": id_,
        "type": kind,
        "attributes": attributes,
        "references": references or [],
        "migrationVersion": {kind: _MIGRATED[kind]},
    }


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
