"""What OpenSearch Dashboards keeps of a chart's looks, nearly the same in each."""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.packages.aggregations import Json

_KINDS = {"metric": "metric", "table": "table", "bar": "histogram", "line": "line"}
_LABELS: Json = {"show": True, "truncate": 100, "filter": True}


def chart_params(chart: str, labels: Sequence[str]) -> tuple[str, Json]:
    """The type of a chart and its parameters.

    Args:
        chart: metric, table, bar or line.
        labels: of its figures, in their order.
    """
    if chart == "metric":
        return _KINDS[chart], _metric()
    if chart == "table":
        return _KINDS[chart], {
            "perPage": 10,
            "showPartialRows": False,
            "showMetricsAtAllLevels": False,
            "showTotal": False,
            "totalFunc": "sum",
            "percentageCol": "",
        }
    return _KINDS[chart], _axes(_KINDS[chart], labels)


def _metric() -> Json:
    style = {"bgFill": "#000", "bgColor": False, "labelColor": False, "subText": "", "fontSize": 48}
    metric = {
        "percentageMode": False,
        "useRanges": False,
        "colorSchema": "Green to Red",
        "metricColorMode": "None",
        "colorsRange": [{"from": 0, "to": 10000}],
        "labels": {"show": True},
        "invertColors": False,
        "style": style,
    }
    return {"addTooltip": True, "addLegend": False, "type": "metric", "metric": metric}


def _axes(kind: str, labels: Sequence[str]) -> Json:
    category = {
        "id": "CategoryAxis-1",
        "type": "category",
        "position": "bottom",
        "show": True,
        "style": {},
        "scale": {"type": "linear"},
        "labels": _LABELS,
        "title": {},
    }
    value = {
        "id": "ValueAxis-1",
        "name": "LeftAxis-1",
        "type": "value",
        "position": "left",
        "show": True,
        "style": {},
        "scale": {"type": "linear", "mode": "normal"},
        "labels": {**_LABELS, "rotate": 0, "filter": False},
        "title": {"text": labels[0]},
    }
    return {
        "type": kind,
        "grid": {"categoryLines": False},
        "categoryAxes": [category],
        "valueAxes": [value],
        "seriesParams": [_series(kind, number, label) for number, label in enumerate(labels, 1)],
        "addTooltip": True,
        "addLegend": True,
        "legendPosition": "right",
        "times": [],
        "addTimeMarker": False,
        "labels": {"show": False},
        "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full"},
    }


def _series(kind: str, number: int, label: str) -> Json:
    return {
        "show": True,
        "type": kind,
        "mode": "stacked" if kind == "histogram" else "normal",
        "data": {"label": label, "id": str(number)},
        "valueAxis": "ValueAxis-1",
        "drawLinesBetweenPoints": True,
        "lineWidth": 2,
        "interpolate": "linear",
        "showCircles": True,
    }
