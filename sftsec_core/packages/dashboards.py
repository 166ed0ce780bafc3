"""A dashboard of Kibana from a description that fits on a page.

    title: "[sftsec] Model health"
    description: ...
    queries: {alerts: "event.kind: alert"}
    filter: {view: detections, field: event.module, value: sftsec}
    panels:
      - title: Detections a day
        at: [0, 5, 24, 12]      # x, y, width, height on a grid 48 wide
        view: detections        # a data view of the package, without its prefix
        chart: bar_stacked
        query: $alerts
        by: [{op: date, interval: 1d}, {op: terms, field: sftsec.task, label: Task}]
        show: [{op: count, label: Detections}]
      - {title: Model changes, at: [0, 17, 48, 12], search: model-changes}

What Kibana saves for one such chart has a hundred lines and more, nearly all of them the same
in each. They are written here as Kibana 8.19 saves them: Lens by value, its `formBased` source.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sftsec_core.api.errors import unknown
from sftsec_core.packages.columns import Bucket, Json, Shown

_LAYER = "layer"
_NAMED = re.compile(r"\$([a-z_]+)")
_FILTER_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.filter[0].meta.index"


class _DashboardModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Panel(_DashboardModel):
    title: str
    at: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        """What identifies the panel; the same each time."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    def framed(self, kind: str, config: Json) -> Json:
        """The panel with its place on the grid."""
        x, y, width, height = self.at
        return {
            "type": kind,
            "title": self.title,
            "panelIndex": self.name,
            "gridData": {"x": x, "y": y, "w": width, "h": height, "i": self.name},
            "embeddableConfig": {"enhancements": {}, **config},
        }


class Text(_Panel):
    """A few lines of Markdown."""

    markdown: str

    def panel(self, package: str) -> Json:
        """The panel as Kibana saves it."""
        source = {"query": {"query": "", "language": "kuery"}, "filter": []}
        params = {"fontSize": 12, "openLinksInNewTab": False, "markdown": self.markdown}
        return self.framed("visualization", {"savedVis": {
            "id": "", "title": "", "description": "", "type": "markdown", "uiState": {},
            "params": params, "data": {"aggs": [], "searchSource": source},
        }})  # fmt: skip

    def references(self, package: str) -> list[Json]:
        """It reads nothing."""
        return []


class Search(_Panel):
    """A saved search of the package."""

    search: str

    def panel(self, package: str) -> Json:
        """The panel as Kibana saves it: by reference, as a saved search may be."""
        return {**self.framed("search", {}), "panelRefName": f"panel_{self.name}"}

    def references(self, package: str) -> list[Json]:
        """The saved search."""
        name = f"{self.name}:panel_{self.name}"
        return [{"type": "search", "id": f"{package}-{self.search}", "name": name}]


class Chart(_Panel):
    """A chart, a table or a figure of Lens, by value."""

    view: str
    chart: Literal[
        "bar_stacked",
        "bar_percentage_stacked",
        "bar_horizontal_stacked",
        "line",
        "table",
        "metric",
    ]
    query: str = ""
    by: tuple[Bucket, ...] = ()
    show: tuple[Shown, ...] = Field(min_length=1)
    share: bool = Field(False, description="The vertical axis goes from 0 to 1.")

    def panel(self, package: str) -> Json:
        """The panel as Kibana saves it."""
        reference = {**self._view(package), "name": f"indexpattern-datasource-layer-{_LAYER}"}
        layer = {
            "columns": self._columns(),
            "columnOrder": list(self._columns()),
            "incompleteColumns": {},
            "ignoreGlobalFilters": False,
            "sampling": 1,
        }
        return self.framed("lens", {"attributes": {
            "title": self.title,
            "description": "",
            "type": "lens",
            "visualizationType": self._kind(),
            "references": [reference],
            "state": {
                "visualization": self._visualization(),
                "query": {"query": self.query, "language": "kuery"},
                "filters": [],
                # The empty two are what Kibana saves too; old migrations look for `indexpattern`.
                "datasourceStates": {
                    "formBased": {"layers": {_LAYER: layer}},
                    "indexpattern": {"layers": {}},
                    "textBased": {"layers": {}},
                },
                "internalReferences": [],
                "adHocDataViews": {},
            },
        }})  # fmt: skip

    def references(self, package: str) -> list[Json]:
        """The data view, as the dashboard names it."""
        name = f"{self.name}:indexpattern-datasource-layer-{_LAYER}"
        return [{**self._view(package), "name": name}]

    def _view(self, package: str) -> Json:
        return {"type": "index-pattern", "id": f"{package}-{self.view}"}

    def _columns(self) -> dict[str, Json]:
        shown = dict(zip(self._measures(), self.show, strict=True))
        columns: dict[str, Json] = {}
        for name, bucket in zip(self._buckets(), self.by, strict=True):
            columns |= bucket.columns(name, shown)
        measured = {name: each.columns(name) for name, each in shown.items()}
        columns |= {name: parts[name] for name, parts in measured.items()}
        for parts in measured.values():  # Lens has a formula's parts behind all that is shown
            columns |= {name: part for name, part in parts.items() if name not in columns}
        return columns

    def _buckets(self) -> list[str]:
        return [f"by{n}" for n, _ in enumerate(self.by)]

    def _measures(self) -> list[str]:
        return [f"show{n}" for n, _ in enumerate(self.show)]

    def _kind(self) -> str:
        return {"table": "lnsDatatable", "metric": "lnsMetric"}.get(self.chart, "lnsXY")

    def _visualization(self) -> Json:
        layer: Json = {"layerId": _LAYER, "layerType": "data"}
        if self.chart == "metric":
            return {**layer, "metricAccessor": self._measures()[0]}
        if self.chart == "table":
            columns = [{"columnId": each, "isTransposed": False} for each in self._buckets()]
            columns += [
                {"columnId": each, "isTransposed": False, "isMetric": True}
                for each in self._measures()
            ]
            return {**layer, "columns": columns}
        return self._xy(layer)

    def _xy(self, layer: Json) -> Json:
        x, *split = self._buckets()
        layer |= {
            "seriesType": self.chart,
            "position": "top",
            "showGridlines": False,
            "xAccessor": x,
            "accessors": self._measures(),
            **({"splitAccessor": split[0]} if split else {}),
        }
        extent = {"mode": "custom", "lowerBound": 0, "upperBound": 1}
        return {
            "title": "Empty XY chart",
            "preferredSeriesType": self.chart,
            "legend": {"isVisible": True, "position": "right"},
            "valueLabels": "hide",
            # A day without data is a gap in the measuring, not a fall to nothing.
            **({"fittingFunction": "Linear"} if self.chart == "line" else {}),
            **({"yLeftExtent": extent} if self.share else {}),
            "layers": [layer],
        }


class Filter(_DashboardModel):
    """What every panel of a dashboard is limited to: a field's value, or the lack of a field."""

    view: str
    field: str
    value: str | None = Field(None, description="None: documents without the field.")

    def saved(self) -> Json:
        """The filter as Kibana saves it."""
        exact = {"type": "phrase", "params": {"query": self.value}}
        absent = {"type": "exists", "value": "exists"}
        meta = {
            "alias": None,
            "disabled": False,
            "negate": self.value is None,
            "key": self.field,
            "field": self.field,
            "indexRefName": _FILTER_INDEX,
            **(absent if self.value is None else exact),
        }
        query: Json = {"match_phrase": {self.field: self.value}}
        if self.value is None:
            query = {"exists": {"field": self.field}}
        return {"$state": {"store": "appState"}, "meta": meta, "query": query}


def _filled(value: Any, known: dict[str, str]) -> Any:  # noqa: ANN401 - not validated yet
    if isinstance(value, dict):
        return {key: _filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if not isinstance(value, str):
        return value
    unknown_ones = set(_NAMED.findall(value)) - set(known)
    if unknown_ones:
        raise ValueError(unknown("query", min(unknown_ones), known))
    return _NAMED.sub(lambda found: f"({known[found[1]]})", value)


Panel = Annotated[Text | Search | Chart, Field(union_mode="smart")]


class Dashboard(_DashboardModel):
    """A dashboard's description."""

    title: str
    description: str
    since: str = Field("now-30d", description="Where the time range begins that it opens with.")
    queries: dict[str, str] = Field(
        default_factory=dict, description="Queries that others name as `$name`, in brackets then."
    )
    filter: Filter
    panels: tuple[Panel, ...]

    @model_validator(mode="before")
    @classmethod
    def _name_queries(cls, described: Any) -> Any:  # noqa: ANN401 - not validated yet
        known: dict[str, str] = {}
        for name, query in described.get("queries", {}).items():
            known[name] = _filled(query, known)
        return {**_filled(described, known), "queries": known}

    def saved_object(self, package: str, name: str) -> Json:
        """Write it as Kibana saves it, the inner documents as objects still.

        Args:
            package: the package's name, with which the names of its assets begin.
            name: the dashboard's name in the package.
        """
        view = f"{package}-{self.filter.view}"
        references = [{"type": "index-pattern", "id": view, "name": _FILTER_INDEX}]
        references += [each for panel in self.panels for each in panel.references(package)]
        return {
            "id": f"{package}-{name}",
            "type": "dashboard",
            "attributes": {**self._head(), "panelsJSON": [p.panel(package) for p in self.panels]},
            "references": references,
            "coreMigrationVersion": "8.8.0",
            "typeMigrationVersion": "10.2.0",
        }

    def _head(self) -> dict[str, Any]:
        query = {"query": "", "language": "kuery"}
        return {
            "title": self.title,
            "description": self.description,
            "version": 1,
            "timeRestore": True,
            "timeFrom": self.since,
            "timeTo": "now",
            "optionsJSON": {
                "useMargins": True,
                "hidePanelTitles": False,
                "syncColors": False,
                "syncCursor": True,
                "syncTooltips": False,
            },
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": {"query": query, "filter": [self.filter.saved()]}
            },
        }
